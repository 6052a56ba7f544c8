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
  /** How many files in Git LFS the mirror lacked. */
  largeFiles: number;
  durationMs: number;
}

/**
 * Copies branches, tags and notes of a repository into its mirror, with their files in Git LFS, and reads the mirror back. Branches that the source has rewritten are
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
    const largeFiles = await copyLargeFiles(git, copy, urls, signal, reporter);
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
    return { refs: wanted, heads: headsOf(wanted), largeFiles, durationMs: clock().getTime() - start };
  });
}

/** GitHub refuses a push that points to files in Git LFS which it does not have (GH008), so these come first. */
async function copyLargeFiles(
  git: Git,
  copy: string,
  { source, mirror }: { source: string; mirror: string },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<number> {
  const objects = await git.lfsObjects(copy, signal);
  if (objects.length === 0) return 0;
  reporter(`copying what the mirror lacks of ${objects.length} files in Git LFS`);
  return await git.copyLfsObjects(objects, source, mirror, signal);
}

const namesOf = (refs: readonly { name: string }[]): string => refs.map(({ name }) => name).join(", ");

/** What to do about refusals, by the host's words. GH008 is GitHub's error of files in Git LFS. */
function remedyOf(reasons: string): string {
  const remedies = [
    ...(reasons.includes("GH008")
      ? ["The mirror lacks files in Git LFS: push them to it with `git lfs push --all`."]
      : []),
    ...(/\bworkflow\b/.test(reasons)
      ? [
          "The token of the mirror may not change workflows: MIRROR_GITHUB_TOKEN, or GITHUB_TOKEN in its place. Give a fine-grained one `workflows: write`, a classic one the scope `workflow` (docs/accounts.md).",
        ]
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
