import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Git, GitRef } from "../../services/codeHost/git.ts";
import type { Clock } from "../../services/common/clock.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";

/** The refs that are mirrored. GitHub also lists `refs/pull/*`, which cannot be pushed: `git push --mirror` fails because of them. */
const MIRRORED = ["refs/heads/", "refs/tags/", "refs/notes/"] as const;

/** What the mirror holds after a run. */
export interface MirrorResult {
  /** Every ref of the source that the mirror holds. */
  refs: GitRef[];
  /** Newest commit of each branch, by its short name. */
  heads: Record<string, string>;
  durationMs: number;
}

/** A file with a repository's history. */
export interface RepositoryBundle {
  /** Reads the file. Only valid until the action that received it ends. */
  open: () => Readable;
  sizeBytes: number;
  /** Hex SHA-256 of the file. */
  sha256: string;
  refs: GitRef[];
}

/**
 * Copies branches, tags and notes of a repository into its mirror, and reads the mirror back. Branches that the source has rewritten are
 * rewritten in the mirror. Branches that the source has deleted stay, so that a mirror never carries out a destruction. What a
 * rewrite loses is kept nowhere (docs/security.md).
 *
 * @throws Error that lists every ref that the mirror refused
 */
export async function mirrorRepository(
  git: Git,
  clock: Clock,
  urls: { source: string; mirror: string },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<MirrorResult> {
  const start = clock().getTime();
  return withTemporaryFolder("mirror", async (folder) => {
    const copy = join(folder, "repository.git");
    reporter(`copying ${urls.source}`);
    await git.mirror(urls.source, copy, signal);
    const wanted = mirroredOf(await git.localRefs(copy, signal));
    if (wanted.length === 0) throw new Error(`${urls.source} holds no branch or tag. Nothing can be mirrored.`);
    reporter(`pushing ${wanted.length} refs to ${urls.mirror}`);
    // One pattern for each kind: the names of many branches would not fit into one command.
    const kinds = MIRRORED.filter((prefix) => wanted.some(({ name }) => name.startsWith(prefix)));
    const pushed = await git.push(
      copy,
      urls.mirror,
      kinds.map((prefix) => `+${prefix}*:${prefix}*`),
      signal,
    );
    const refused = pushed.filter(({ taken }) => !taken);
    if (refused.length > 0) {
      const list = refused.map(({ name, reason }) => `${name} (${reason})`).join(", ");
      throw new Error(
        `The mirror ${urls.mirror} refused ${refused.length} of ${wanted.length} refs: ${list}. Check its branch protection.`,
      );
    }
    await confirm(git, urls.mirror, wanted, signal);
    return { refs: wanted, heads: headsOf(wanted), durationMs: clock().getTime() - start };
  });
}

/**
 * Writes branches, tags and notes of a repository, with their history, into one file and passes it to `use`. The file is deleted when `use`
 * ends. Git can clone from it without anything else.
 *
 * @public not used yet
 */
export async function bundleRepository<T>(
  git: Git,
  source: string,
  signal: AbortSignal,
  use: (bundle: RepositoryBundle) => Promise<T>,
): Promise<T> {
  return withTemporaryFolder("bundle", async (folder) => {
    const copy = join(folder, "repository.git");
    const file = join(folder, "repository.bundle");
    await git.mirror(source, copy, signal);
    const refs = mirroredOf(await git.localRefs(copy, signal));
    if (refs.length === 0) throw new Error(`${source} holds no branch or tag. There is nothing to bundle.`);
    await git.bundle(
      copy,
      file,
      refs.map(({ name }) => name),
      signal,
    );
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash, { signal });
    const { size } = await stat(file);
    return use({ open: () => createReadStream(file), sizeBytes: size, sha256: hash.digest("hex"), refs });
  });
}

function mirroredOf(refs: readonly GitRef[]): GitRef[] {
  return refs.filter(({ name }) => MIRRORED.some((prefix) => name.startsWith(prefix)));
}

function headsOf(refs: readonly GitRef[]): Record<string, string> {
  const prefix = "refs/heads/";
  return Object.fromEntries(
    refs.filter(({ name }) => name.startsWith(prefix)).map(({ name, object }) => [name.slice(prefix.length), object]),
  );
}

/** Reads the mirror's refs: a push that was accepted is not yet proof that they are there. */
async function confirm(git: Git, mirror: string, wanted: readonly GitRef[], signal: AbortSignal): Promise<void> {
  const there = new Map((await git.remoteRefs(mirror, [], signal)).map(({ name, object }) => [name, object]));
  const wrong = wanted.filter(({ name, object }) => there.get(name) !== object).map(({ name }) => name);
  if (wrong.length > 0)
    throw new Error(
      `The mirror ${mirror} does not show what was pushed to it: ${wrong.join(", ")}. Run the mirror again.`,
    );
}
