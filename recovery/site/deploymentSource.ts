import { join } from "node:path";

import { type Git, GitError } from "../../services/codeHost/git.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";

/** Where the code of a deployment is read from. */
export interface DeploymentSource {
  /** Repository that git can read: https address, or the absolute path of a repository. */
  sourceUrl: string;
  /** Other copies of it, which are read in this order if the ones before cannot be. */
  fallbackUrls?: readonly string[] | undefined;
  /** Branch or tag; its newest commit is deployed. */
  sourceRef: string;
}

/** The code of a deployment on this machine. */
export interface CopiedSource {
  folder: string;
  commit: string;
  /** The copy that it comes from. */
  sourceUrl: string;
  /** What the operator has to know of another copy than the first, in sentences. */
  notes: string[];
}

/**
 * Copies the newest commit from the first copy of a repository that can be read.
 *
 * @throws GitError of the only copy, or an Error with what each of several said
 */
export async function copySource(
  git: Git,
  { sourceUrl: first, fallbackUrls = [], sourceRef }: DeploymentSource,
  { temporary, signal, reporter }: { temporary: string; signal: AbortSignal; reporter: Reporter },
): Promise<CopiedSource> {
  const failures: GitError[] = [];
  for (const [at, sourceUrl] of [first, ...fallbackUrls].entries()) {
    reporter(`reading ${sourceRef} of ${sourceUrl}`);
    const folder = join(temporary, `source-${at}`);
    try {
      const commit = await git.checkout(sourceUrl, sourceRef, folder, signal);
      return {
        folder,
        commit,
        sourceUrl,
        notes: failures.length === 0 ? [] : [insteadOf(failures, sourceUrl, commit)],
      };
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      failures.push(error);
    }
  }
  const [only] = failures;
  if (only !== undefined && failures.length === 1) throw only;
  throw new Error(`No copy of the code can be read. ${failures.map(messageOf).join(" ")}`);
}

function insteadOf(failures: readonly GitError[], sourceUrl: string, commit: string): string {
  return `The code is commit ${commit} of ${sourceUrl}, because: ${failures.map(messageOf).join(" ")} Compare that commit with what was deployed last: this copy may be older.`;
}
