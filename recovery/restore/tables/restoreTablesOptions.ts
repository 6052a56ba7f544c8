import type { Phase } from "../../../services/common/phases.ts";
import type { Confirm } from "../../postgres/session/confirmation.ts";
import type { RestoreFrom } from "../run/restoreOptions.ts";

/** Which tables' rows come back, and into which database. */
export interface RestoreTablesOptions extends RestoreFrom {
  /** Connection string of the live database's role `postgres`. */
  targetUrl: string;
  /** "schema.table", as SQL would write them; a partitioned table stands for all of its partitions. */
  tables: readonly string[];
  /** Asked before anything is touched, with the rows that will be lost. */
  confirm: Confirm;
}

/** What has been replaced. */
export interface RestoreTablesResult {
  restoreId: string;
  backupId: string;
  snapshotAt: string;
  /** Each with its rows before and now. */
  tables: { name: string; rowsBefore: number; rows: number }[];
  phases: Phase[];
  durationMs: number;
  notes: string[];
}
