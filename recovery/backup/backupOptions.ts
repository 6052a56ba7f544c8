import type { CalendarTier } from "../../planning/calendar.ts";
import type { Clock } from "../../services/common/clock.ts";
import type { Phase } from "../../services/common/phases.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { type Timing } from "../../services/common/timing.ts";
import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";
import type { Signer } from "../../services/signer/signer.ts";
import type { Opener, Sealer } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import type { BackupKind } from "../vault/backupKinds.ts";
import type { TierPrefix } from "../vault/listBackups.ts";

/** A tier as a backup needs it; planning/tiers.ts has them. */
export interface BackupTier extends CalendarTier, TierPrefix {
  /** Days for which the objects are locked; none or 0 for no lock (needs a bucket with Object Lock). */
  readonly lockDays?: number;
}

/** What to back up, and where to. */
export interface BackupOptions {
  /** Not needed for a backup of the configuration alone. */
  databaseUrl?: string | undefined;
  /** What it is to hold; all of it by default. */
  kind?: BackupKind | undefined;
  /** "schema.table": what a backup of kind critical holds, and what every other one is expected to hold. */
  criticalTables?: readonly string[] | undefined;
  /** Percent of rows or bytes that a run may hold fewer than the last proven one (20). */
  shrinkPercent?: number | undefined;
  /** Count the run as proven although it is much smaller than the last one, or an expected table is missing. */
  acceptsSmaller?: boolean | undefined;
  /** What is saved is a state that is about to be replaced: it is kept under its id, and is nobody's newest backup. */
  isSafety?: boolean | undefined;
  vault: Vault;
  signer: Signer;
  /** Public keys (PEM) of other writers whose backups in this vault count for the calendar; the signer's own always does. */
  trustedKeys?: readonly string[];
  /** Shortest period first. */
  tiers: readonly BackupTier[];
  clock: Clock;
  /** How long it waits, and for what. @default - the real one */
  timing?: Timing | undefined;
  /** Settings, names and states that are stored beside the database. */
  configuration?: (() => Promise<unknown>) | undefined;
  /** What the project holds beside its database: storage objects, edge functions, auth settings. A full backup holds them. */
  project?: ProjectContent | undefined;
  /** Encrypts everything but the manifest, on this side: nothing plain ever lies in the vault. */
  sealer?: Sealer | undefined;
  /** Opens what the sealer has sealed, so that the reading back sees the rows as well; none where the writer must not be able to. */
  opener?: Opener | undefined;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** A proven backup. */
export interface BackupResult {
  backupId: string;
  kind: BackupKind;
  tier: string;
  /** When the snapshot was taken, ISO 8601. */
  snapshotAt: string;
  /** Newest row by the tables' own time columns, ISO 8601. */
  newestDataAt: string | undefined;
  tables: number;
  rows: number;
  /** Stored, compressed. */
  sizeBytes: number;
  /** What the manifest names as left out. */
  leftOut: readonly LeftOut[];
  phases: Phase[];
  durationMs: number;
}
