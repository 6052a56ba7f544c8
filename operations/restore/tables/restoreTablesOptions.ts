import type { Opener } from "../../../clients/age.ts";
import type { Clock } from "../../../clients/clock.ts";
import type { Reporter } from "../../../clients/reporter.ts";
import type { Vault } from "../../../clients/vault.ts";
import type { Phase } from "../../phases.ts";
import type { TierPrefix } from "../../vault/listBackups.ts";
import type { Confirm } from "../confirmation.ts";

/** Which tables' rows come back, and into which database. */
export interface RestoreTablesOptions {
  vault: Vault;
  opener?: Opener | undefined;
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  backupId?: string | undefined;
  at?: Date | undefined;
  /** Connection string of the live database's role `postgres`. */
  targetUrl: string;
  /** "schema.table", as SQL would write them; a partitioned table stands for all of its partitions. */
  tables: readonly string[];
  /** Asked before anything is touched, with the rows that will be lost. */
  confirm: Confirm;
  clock: Clock;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
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
