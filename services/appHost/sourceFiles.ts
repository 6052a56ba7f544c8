import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** A file to deploy. */
export interface SourceFile {
  /** Path within the tree. */
  file: string;
  /** SHA-1 of its content, hexadecimal. */
  sha: string;
  /** Bytes. */
  size: number;
  /** The file system's mode. */
  mode: number;
  /** Absolute path of its content. */
  path: string;
  /** Its content, if that is not the one at the path. */
  content?: Buffer;
}

/** What a file contains. */
export async function contentOf({ path, content }: SourceFile): Promise<Buffer> {
  return content ?? (await readFile(path));
}

/** The file with another content. */
export function withContent(file: SourceFile, content: Buffer): SourceFile {
  return { ...file, content, sha: sha1(content), size: content.length };
}

/** The digest by which Vercel knows a content. */
function sha1(content: Buffer): string {
  return createHash("sha1").update(content).digest("hex");
}

/**
 * The files below a folder, with the SHA-1 of their content (the digest that Vercel uses), sorted by name, without git's own folder and those
 * to leave out. A symbolic link is a file whose content is the link's target, as Vercel's own command line sends it
 * (https://github.com/vercel/vercel, packages/client/src/utils/hashes.ts). Nothing behind the link is read.
 */
export async function sourceFiles(folder: string, leaveOut: readonly string[] = []): Promise<SourceFile[]> {
  const left = new Set(leaveOut);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: SourceFile[] = [];
  for (const entry of entries) {
    const isLink = entry.isSymbolicLink();
    if (!isLink && !entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const file = path.slice(folder.length + 1);
    if (file === ".git" || file.startsWith(".git/") || left.has(file)) continue;
    const content = isLink ? Buffer.from(await readlink(path)) : await readFile(path);
    const { mode } = await lstat(path);
    files.push({ file, path, sha: sha1(content), size: content.length, mode, ...(isLink && { content }) });
  }
  return files.sort((a, b) => (a.file < b.file ? -1 : 1));
}
