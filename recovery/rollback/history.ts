import { join } from "node:path";

import type { HistoryCommit } from "../../services/codeHost/gitHistory.ts";
import { messageOf } from "../../services/common/errors.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { stillHeld } from "./badCommits.ts";
import { migrationsIn } from "./migrations.ts";
import type { RollbackPorts, RolledApp } from "./ports.ts";

/** What an app's branch says about its releases. A commit that it does not have is not known. */
export interface BranchHistory {
  /** The newest commit. */
  head: string;
  /** The migrations in the source of a commit. */
  migrationsAt(commit: string): Promise<string[] | undefined>;
  /** Whether a commit is part of another one's history. */
  holds(newer: string, older: string): Promise<boolean | undefined>;
  /** The commits of the bad release, from the good one on, whose change a later commit of the branch (`at`) still has; newest first. */
  held(release: { good: string; bad: string }, at: string): Promise<HistoryCommit[] | undefined>;
}

/** Reads the history of an app's branch. Without it, `work` gets the reason why it cannot be read: an emergency may have taken the code host. */
export async function withHistory<T>(
  { git, signal, reporter }: RollbackPorts,
  { sourceUrl, branch }: RolledApp,
  work: (history: BranchHistory | undefined, why: string) => Promise<T>,
): Promise<T> {
  return await withTemporaryFolder("history", async (temporary) => {
    const folder = join(temporary, "history.git");
    reporter(`reading the history of ${branch}`);
    let head: string;
    try {
      head = await git.cloneHistory(sourceUrl, branch, folder, signal);
    } catch (error) {
      signal.throwIfAborted();
      return await work(undefined, messageOf(error));
    }
    const holds = (newer: string, older: string) => git.isAncestor(folder, older, newer, signal);
    return await work(
      {
        head,
        holds,
        migrationsAt: async (commit) => {
          const paths = await git.pathsAt(folder, commit, signal);
          return paths && migrationsIn(paths);
        },
        held: async ({ good, bad }, at) => {
          const knows = await Promise.all([holds(at, bad), holds(at, good)]);
          // A branch whose history was replaced holds nothing of a release that is not in it.
          if (knows[0] === false) return [];
          if (knows[0] === undefined || knows[1] !== true) return undefined;
          const suspects = await git.commitsSince(folder, good, bad, signal);
          return stillHeld(suspects, await git.commitsSince(folder, good, at, signal));
        },
      },
      "",
    );
  });
}
