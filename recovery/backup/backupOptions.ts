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
import type { RepositoryToStore } from "../repository/storeRepository.ts";
import type { BackupKind } from "../vault/backupKinds.ts";
import type { Environment } from "../vault/environmentPart.ts";
import type { TierPrefix } from "../vault/listBackups.ts";

/** What a backup needs to know of a tier. planning/tiers.ts defines the tiers. */
export interface BackupTier extends CalendarTier, TierPrefix {
  /** Days for which the objects are locked. Absent or 0 means no lock. A lock needs a bucket with Object Lock. */
  readonly lockDays?: number;
}

/** What to back up, and where to. */
export interface BackupOptions {
  /** Not needed for a backup of kind configuration, environment or repository. */
  databaseUrl?: string | undefined;
  /** What the backup holds. @default "full" */
  kind?: BackupKind | undefined;
  /** "schema.table": what a backup of kind critical holds, and what every other backup is expected to hold. */
  criticalTables?: readonly string[] | undefined;
  /** Percent of rows or bytes that may be missing compared with the last proven backup. @default 20 */
  shrinkPercent?: number | undefined;
  /** Count the run as proven even if it is much smaller than the last one or an expected table is missing. */
  acceptsSmaller?: boolean | undefined;
  /** The backup saves a state that is about to be replaced. It is restored only by its id, and never counts as the newest. */
  isSafety?: boolean | undefined;
  vault: Vault;
  signer: Signer;
  /** Public keys (PEM) of other writers whose backups in this vault count for the calendar; the signer's own always does. */
  trustedKeys?: readonly string[];
  /** Shortest period first. */
  tiers: readonly BackupTier[];
  clock: Clock;
  /** Timeouts and pauses. @default - the real ones */
  timing?: Timing | undefined;
  /**
   * Collects settings, names and states, which are stored outside the database's parts. If the backup is sealed, it may also hold
   * `variableValues`, which are stored as a part of their own; an unsealed backup never holds them.
   */
  configuration?: ((isSealed: boolean) => Promise<unknown>) | undefined;
  /** The variables of an app, for a backup of kind environment. They are never stored without a sealer. */
  environment?: Environment | undefined;
  /** The repository of a backup of kind repository. */
  repository?: RepositoryToStore | undefined;
  /** What the project holds outside its database: storage objects, edge functions, auth settings. Only a full backup holds them. */
  project?: ProjectContent | undefined;
  /** Encrypts everything but the manifest before it is uploaded, so that no plain text lies in the vault. */
  sealer?: Sealer | undefined;
  /** Opens what the sealer has sealed, so that reading back checks the rows too. Absent if the writer must not be able to decrypt. */
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
  /** What the manifest lists as left out. */
  leftOut: readonly LeftOut[];
  phases: Phase[];
  durationMs: number;
}
