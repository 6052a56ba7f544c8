import type { Clock } from "../../../services/common/clock.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import type { Timing } from "../../../services/common/timing.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import type { Opener } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TierPrefix } from "../../vault/listBackups.ts";
import type { Selection } from "./restoreSelection.ts";

/** What every kind of restore takes: where the backup comes from, and where progress is reported. */
export interface RestoreFrom {
  vault: Vault;
  /** Opens an encrypted backup. */
  opener?: Opener | undefined;
  /** Public keys (PEM) of the writers whose backups may be restored. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  /** The backup's id. @default - the newest proven one */
  backupId?: string | undefined;
  /** Chooses the newest proven backup at or before this instant. */
  at?: Date | undefined;
  /**
   * Permits a superuser's connection, as which the backup's functions then run. It is for plain servers that stand in for Supabase's, whose
   * `postgres` may make event triggers without being a superuser.
   */
  allowsSuperuser?: boolean | undefined;
  clock: Clock;
  reporter: Reporter;
  /** Gets what must not scroll by, at once and even if the restore fails. @default - the reporter */
  warn?: Reporter;
  signal?: AbortSignal | undefined;
  /** How long it waits for what. @default - the real one */
  timing?: Timing | undefined;
}

/** What of a backup is restored into a new project's database. */
export interface RestoreOptions extends RestoreFrom {
  /** What of the backup. @default - all that a named backup holds, else a whole database */
  selection?: Selection | undefined;
  /** Connection string of a new project's role `postgres`. */
  targetUrl: string;
  /** The target's project. It gets the storage objects, functions and auth settings of a full backup. */
  project?: ProjectContent | undefined;
  /** If the backup lacks the auth settings, apply an older backup's, which may reopen what was closed since. */
  olderAuthSettings?: boolean | undefined;
  /** Part of the restore's id: the same target and generation is the same restore. */
  generation: number;
  /** A test restore is recorded by its verification, not in the recovery log. */
  isTest?: boolean;
  /** Succeeds even if a right is broader than the source's and cannot be revoked (broaderRights.ts). Notes name it. */
  acceptsBroaderRights?: boolean;
  /** Leaves the app's event triggers out, for a test whose restoring role may not make any. */
  withoutEventTriggers?: boolean;
}
