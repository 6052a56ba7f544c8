import type { LfsObject } from "./gitObjects.ts";

/** Runs git in the repository; gives what it prints. */
type Git = (args: readonly string[], input: string) => Promise<string>;

/** A pointer is smaller. Source: https://github.com/git-lfs/git-lfs, docs/spec.md. */
const POINTER_BYTES = 1024;
/** Blobs that are read at once. */
const AT_ONCE = 10_000;
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n$/;

/** The files in Git LFS that objects point to, in all of their history that the known ones do not have, each once. */
export async function lfsObjectsIn(
  git: Git,
  objects: readonly string[],
  known: readonly string[],
): Promise<LfsObject[]> {
  if (objects.length === 0) return [];
  const args = ["rev-list", "--objects", `--filter=blob:limit=${POINTER_BYTES}`, "--stdin"];
  const listed = await git(args, linesOf([...objects, ...known.map((object) => `^${object}`)]));
  // A commit has no path.
  const pathOf = new Map(
    listed.split("\n").map((line) => [/^\S*/.exec(line)?.[0] ?? "", line.replace(/^\S* ?/, "")] as const),
  );
  const named = [...pathOf.keys()].filter((name) => name !== "");
  const found = new Map<string, LfsObject>();
  for (let at = 0; at < named.length; at += AT_ONCE) {
    const some = named.slice(at, at + AT_ONCE);
    const blobs = await blobsAmong(git, some);
    for (const [name, content] of await contentsOf(git, blobs)) {
      const [, oid, size] = POINTER.exec(content) ?? [];
      if (oid !== undefined) found.set(oid, { oid, size: Number(size), path: utf8(pathOf.get(name) ?? "") });
    }
  }
  return [...found.values()];
}

async function blobsAmong(git: Git, names: readonly string[]): Promise<string[]> {
  const lines = await git(["cat-file", "--batch-check=%(objectname) %(objecttype)"], linesOf(names));
  return lines.split("\n").flatMap((line) => (line.endsWith(" blob") ? [line.slice(0, -" blob".length)] : []));
}

/** Each blob follows a line with its name, type and size. */
async function contentsOf(git: Git, blobs: readonly string[]): Promise<[string, string][]> {
  if (blobs.length === 0) return [];
  const text = await git(["cat-file", "--batch"], linesOf(blobs));
  const contents: [string, string][] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const [name = "", , size] = text.slice(at, end).split(" ");
    contents.push([name, text.slice(end + 1, end + 1 + Number(size))]);
    at = end + 1 + Number(size) + 1;
  }
  return contents;
}

/** What git prints beside input is taken byte by byte. */
function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

function linesOf(names: readonly string[]): string {
  return names.map((name) => `${name}\n`).join("");
}
