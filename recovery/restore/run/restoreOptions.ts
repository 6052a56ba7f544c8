import type { Clock } from "../../../services/common/clock.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { type Timing } from "../../../services/common/timing.ts";
import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import type { Opener } from "../../../services/vault/age.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TierPrefix } from "../../vault/listBackups.ts";
import type { Selection } from "./restoreSelection.ts";

/** From which backup something is restored, and how it is told: of every kind of restore. */
export interface RestoreFrom {
  vault: Vault;
  /** Opens an encrypted backup. */
  opener?: Opener | undefined;
  /** Public keys (PEM) of the writers whose backups may be restored. */
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  /** A backup by its id; or … */
  backupId?: string | undefined;
  /** … the newest proven one at or before this instant; neither: the newest. */
  at?: Date | undefined;
  /**
   * Lets a superuser restore, as which functions of the backup then run: where a plain server stands in for Supabase's, whose `postgres` may
   * make event triggers without being one.
   */
  allowsSuperuser?: boolean | undefined;
  clock: Clock;
  reporter: Reporter;
  /** Gets at once, whatever comes of the restore, what must not scroll by. @default - the reporter */
  warn?: Reporter;
  signal?: AbortSignal | undefined;
  /** How long it waits, and for what. @default - the real one */
  timing?: Timing | undefined;
}

/** What of a backup is restored into a new project's database. */
export interface RestoreOptions extends RestoreFrom {
  /** What of it; by default all that a named backup holds, else a whole database. */
  selection?: Selection | undefined;
  /** Connection string of a new project's role `postgres`. */
  targetUrl: string;
  /** The project that the target is the database of: a full backup's storage objects, functions and auth settings go there. */
  project?: ProjectContent | undefined;
  /** Where the backup lacks the auth settings: apply those of an older one, which may reopen what was closed since. */
  olderAuthSettings?: boolean | undefined;
  /** Goes into the restore's id: the same target and generation is the same restore. */
  generation: number;
  /** A test restore is noted by its verification, and is no line of the recovery log. */
  isTest?: boolean;
  /** Ends well although a right is broader than the source's and can't be taken back (broaderRights.ts): notes name it. */
  acceptsBroaderRights?: boolean;
  /** Leaves away the app's event triggers, for a test where the restoring role may make none. */
  withoutEventTriggers?: boolean;
}
