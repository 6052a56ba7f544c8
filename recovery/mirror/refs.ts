import { createHash } from "node:crypto";

import type { GitRef } from "../../services/codeHost/gitObjects.ts";

/** The refs that are mirrored. Hosts also list refs of their own (`refs/pull/`, `refs/merge-requests/`), which take no push. */
export const MIRRORED = ["refs/heads/", "refs/tags/", "refs/notes/"] as const;

/** Listing of the source at the last complete run, as a blob. */
export const SEEN = "refs/castchat/seen";
/** A commit a run that changed something. */
export const RECORD = "refs/castchat/record";
/** What the source has lost: `<time>/<heads|tags|notes>/<name>`. Nothing removes it. */
export const KEPT = "refs/castchat/kept/";

const HEADS = "refs/heads/";

/** Refs by full name, with their objects. */
export type Refs = ReadonlyMap<string, string>;

/** Those of some refs that are mirrored. */
export function mirroredOf(refs: readonly GitRef[]): Refs {
  const mirrored = refs.filter(({ name }) => MIRRORED.some((prefix) => name.startsWith(prefix)));
  return new Map(mirrored.map(({ name, object }) => [name, object]));
}

/** Full name of a branch. */
export function branchRef(branch: string): string {
  return HEADS + branch;
}

/** Short name of a branch's ref; undefined for another kind. */
export function branchOf(ref: string): string | undefined {
  return ref.startsWith(HEADS) ? ref.slice(HEADS.length) : undefined;
}

/** The content of {@link SEEN}: a line a ref, object and name, sorted by name. */
export function seenText(refs: Refs): string {
  const sorted = [...refs].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, object]) => `${object} ${name}\n`).join("");
}

/** The refs in such a content. */
export function seenIn(text: string): Refs {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [object, name] = line.split(" ");
      return object && name ? [[name, object] as const] : [];
    }),
  );
}

/** Id that git gives a text as a blob: equal ids mean that the source shows what the last complete run has seen. */
export function blobId(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Whether two sets of refs are equal. */
export function sameRefs(one: Refs, other: Refs): boolean {
  return one.size === other.size && [...one].every(([name, object]) => other.get(name) === object);
}

/** The name under which a tip is kept. `time` is the run's. */
export function keptName(time: Date, ref: string): string {
  const stamp = time.toISOString().replace(/[-:]|\.\d+/g, "");
  return `${KEPT}${stamp}/${ref.slice("refs/".length)}`;
}

/** The ref whose tip a kept name holds; undefined for another name. */
export function keptRef(name: string): string | undefined {
  const [, ref] = /^refs\/castchat\/kept\/[^/]+\/(.+)$/.exec(name) ?? [];
  return ref === undefined ? undefined : `refs/${ref}`;
}
