import type { Reporter } from "../../../services/common/reporter.ts";
import type { ContentCounts } from "../../postgres/catalog/catalog.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import type { Manifest } from "../../vault/manifest.ts";
import type { RunPhase } from "./recoveryRun.ts";
import type { RestoreFrom } from "./restoreOptions.ts";
import { applicationNameOf } from "./restoreTarget.ts";

/** A backup, the target that it is restored into, and the restore's name there. */
export interface RestoreWork extends BackupSource {
  /** The leading session. */
  session: Session;
  targetUrl: string;
  restoreId: string;
  applicationName: string;
  reporter: Reporter;
  signal: AbortSignal;
}

/** The work of a restore that was called with these options. */
export function workOf(
  session: Session,
  restoreId: string,
  manifest: Manifest,
  options: RestoreFrom & Pick<RestoreWork, "targetUrl" | "signal">,
): RestoreWork {
  const { vault, opener, targetUrl, reporter, signal } = options;
  const applicationName = applicationNameOf(restoreId);
  return { session, targetUrl, restoreId, applicationName, vault, manifest, opener, reporter, signal };
}

/** A restore that has chosen its backup and taken its target. The recipe decides what of the backup it restores. */
export interface Restoring extends RestoreWork {
  /** An interrupted run has made the definitions already. */
  isResumed: boolean;
  /** Set if the restoring role may not make event triggers and the restore leaves them out. The manifest then has none. */
  withoutEventTriggers?: boolean | undefined;
  /** A test restore, which connects to no other server. */
  isTest?: boolean | undefined;
  acceptsBroaderRights?: boolean | undefined;
  phase: RunPhase;
}

/** The outcome of a recipe. */
export interface Restored extends ContentCounts {
  /** Differences that are no fault, in sentences. */
  notes: string[];
  /** Content of the backup that the target did not take, in sentences. They are among the notes too. */
  lost: string[];
}

/** All phases of a restore after its claim. PromiseError if the result is not what the backup holds. */
export type Recipe = (restoring: Restoring) => Promise<Restored>;

/** Runs work in a further session beside the leading one, in which a commit does not wait for the disk. */
export async function inOwnSession<T>(
  { session: leader, targetUrl, applicationName }: RestoreWork,
  options: { signal: AbortSignal; lockTimeoutMs?: number },
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return await withSession(targetUrl, { applicationName, timing: leader.timing, ...options }, async (session) => {
    await session.query("set synchronous_commit = off");
    return await work(session);
  });
}
