import { join } from "node:path";

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

/**
 * Copies branches, tags and notes of a repository into its mirror, and reads the mirror back. Branches that the source has rewritten are
 * rewritten in the mirror, which loses the commits that only they had. Branches that the source has deleted stay.
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
      const reasons = [...new Set(refused.map(({ reason }) => reason))];
      const list = reasons
        .map((why) => `${namesOf(refused.filter(({ reason }) => reason === why))} (${why})`)
        .join(", ");
      throw new Error(
        `The mirror ${urls.mirror} refused ${refused.length} of ${wanted.length} refs: ${list}. ${remedyOf(list)}`,
      );
    }
    await confirm(git, urls.mirror, wanted, signal);
    return { refs: wanted, heads: headsOf(wanted), durationMs: clock().getTime() - start };
  });
}

const namesOf = (refs: readonly { name: string }[]): string => refs.map(({ name }) => name).join(", ");

/** What to do about refusals, by the host's words. GH008 is GitHub's error of files in Git LFS. */
function remedyOf(reasons: string): string {
  const remedies = [
    ...(reasons.includes("GH008")
      ? ["The mirror does not copy files in Git LFS: push them with `git lfs push --all`."]
      : []),
    ...(/\bworkflow\b/.test(reasons)
      ? ["The token of the mirror may not change workflows: give it that right (docs/accounts.md)."]
      : []),
  ];
  return remedies.length === 0 ? "Check its branch protection." : `${remedies.join(" ")} Then run the mirror again.`;
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
