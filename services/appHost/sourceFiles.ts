import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
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
}

/**
 * The files below a folder, with the SHA-1 of their content (the digest that Vercel uses), sorted by name. Git's own folder is left out, and
 * so are symbolic links, which may lead out of the tree.
 */
export async function sourceFiles(folder: string): Promise<SourceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: SourceFile[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const file = path.slice(folder.length + 1);
    if (file === ".git" || file.startsWith(".git/")) continue;
    const content = await readFile(path);
    const { mode } = await stat(path);
    files.push({ file, path, sha: createHash("sha1").update(content).digest("hex"), size: content.length, mode });
  }
  return files.sort((a, b) => (a.file < b.file ? -1 : 1));
}
