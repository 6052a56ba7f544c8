import type { Reporter } from "../../../services/common/reporter.ts";
import type { ContentCounts } from "../../postgres/catalog/catalog.ts";
import type { Session } from "../../postgres/session/database.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import type { RunPhase } from "../run/recoveryRun.ts";

/** A restore that has decided which backup it brings back and into which target; the recipe decides what of it. */
export interface Restoring extends BackupSource {
  /** The leading session. */
  session: Session;
  targetUrl: string;
  restoreId: string;
  applicationName: string;
  /** The definitions are there already, as an interrupted run has left them. */
  isResumed: boolean;
  /** Set if the restoring role may make no event triggers, and the restore does without: the manifest then has none. */
  withoutEventTriggers?: boolean | undefined;
  acceptsBroaderRights?: boolean | undefined;
  phase: RunPhase;
  reporter: Reporter;
  signal: AbortSignal;
}

/** The outcome of a recipe. */
export interface Restored extends ContentCounts {
  /** Differences that are no fault, in sentences. */
  notes: string[];
}

/** All phases of a restore after its claim. PromiseError if the result is not what the backup holds. */
export type Recipe = (restoring: Restoring) => Promise<Restored>;
