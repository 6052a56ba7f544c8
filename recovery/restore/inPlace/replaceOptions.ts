import type { Reporter } from "../../../services/common/reporter.ts";
import type { Confirm } from "../../postgres/session/confirmation.ts";
import type { RestoreResult } from "../run/restoreMarker.ts";
import type { RestoreFrom } from "../run/restoreOptions.ts";

/** Which database is put back into which state. */
export interface ReplaceOptions extends RestoreFrom {
  /** Connection string of the live database's role `postgres`, which owns the database. */
  targetUrl: string;
  /** Asked before anything is changed. */
  confirm: Confirm;
  /** Takes a proven backup of the present state and returns its id. */
  saveFirst: (reporter: Reporter, signal: AbortSignal) => Promise<string>;
  /** Ends well although a right is broader than the source's and can't be taken back (broaderRights.ts): notes name it. */
  acceptsBroaderRights?: boolean;
}

/** What has been put back. */
export interface ReplaceResult extends Omit<RestoreResult, "project" | "finishedBefore" | "selection"> {
  /** A proven backup of what was there before. */
  safetyBackupId: string;
}
