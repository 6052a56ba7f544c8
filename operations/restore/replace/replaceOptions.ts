import type { Opener } from "../../../clients/age.ts";
import type { Clock } from "../../../clients/clock.ts";
import type { Reporter } from "../../../clients/reporter.ts";
import type { Vault } from "../../../clients/vault.ts";
import type { Phase } from "../../phases.ts";
import type { TierPrefix } from "../../vault/listBackups.ts";
import type { Confirm } from "../confirmation.ts";

/** Which database is put back into which state. */
export interface ReplaceOptions {
  vault: Vault;
  opener?: Opener | undefined;
  trustedKeys: readonly string[];
  tiers: readonly TierPrefix[];
  backupId?: string | undefined;
  at?: Date | undefined;
  /** Connection string of the live database's role `postgres`, which owns the database. */
  targetUrl: string;
  /** Asked before anything is changed. */
  confirm: Confirm;
  /** Takes a proven backup of the present state and returns its id. */
  saveFirst: (reporter: Reporter, signal: AbortSignal) => Promise<string>;
  clock: Clock;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** What has been put back. */
export interface ReplaceResult {
  restoreId: string;
  backupId: string;
  snapshotAt: string;
  /** A proven backup of what was there before. */
  safetyBackupId: string;
  phases: Phase[];
  durationMs: number;
  tables: number;
  rows: number;
  users: number;
  posts: number;
  applications: number;
  notes: string[];
}
