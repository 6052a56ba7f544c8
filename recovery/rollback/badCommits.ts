import type { HistoryCommit } from "../../services/codeHost/gitHistory.ts";

/** What git writes into the message of a revert (https://git-scm.com/docs/git-revert). */
const REVERTS = /^This reverts commit ([0-9a-f]{7,64})/gm;

/**
 * The commits among `suspects` whose change the branch still has: no later commit takes them back, or one that does is taken back itself. Pure.
 *
 * @param later all commits of the branch after the first of the suspects, newest first
 */
export function stillHeld(suspects: readonly HistoryCommit[], later: readonly HistoryCommit[]): HistoryCommit[] {
  const undone = new Set<string>();
  // From the newest on: a revert counts only if nothing newer has taken it back.
  for (const commit of later) {
    if (undone.has(commit.id)) continue;
    for (const [, named = ""] of commit.message.matchAll(REVERTS)) {
      const found = later.find(({ id }) => id.startsWith(named));
      if (found !== undefined) undone.add(found.id);
    }
  }
  return suspects.filter(({ id }) => !undone.has(id));
}

/** The message of the commit that takes these back. Its lines are those that git writes, so that {@link stillHeld} knows them. */
export function revertMessage(commits: readonly HistoryCommit[]): string {
  const [only] = commits;
  const subject = only?.message.split("\n")[0] ?? "";
  const title =
    commits.length === 1 ? `Revert "${shortened(subject)}"` : `Revert the ${commits.length} commits of a bad release`;
  return `${title}\n\n${commits.map(({ id }) => `This reverts commit ${id}.`).join("\n")}\n`;
}

const LONGEST_SUBJECT = 60;

function shortened(subject: string): string {
  return subject.length > LONGEST_SUBJECT ? `${subject.slice(0, LONGEST_SUBJECT - 1)}…` : subject;
}
