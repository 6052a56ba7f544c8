import type { Timing } from "../../../services/common/timing.ts";

/** What a runner shall do: JSON on its standard input. */
export interface RunnerOrder {
  kind: "backup" | "restore";
  /** The source's, or the target's. */
  databaseUrl: string;
  store: Store;
  /** PEM of the key that signs. Its public half is trusted. */
  privateKey: string;
  /** The backup to restore; otherwise the newest. */
  backupId?: string;
  /** See BackupOptions. */
  timing?: Timing;
  /** Stays so long at each sentence that begins so, in order that a fault meets this phase on a machine of any speed. */
  linger?: { in: string; ms: number } | undefined;
}

/** A bucket of an S3. */
export interface Store {
  bucket: string;
  region: string;
  endpoint: string;
  /** See VaultOptions. */
  timing?: Timing;
}

/** A line of the runner's standard output, in JSON: one for every sentence that it reports, then one for its end. */
export type RunnerLine =
  { said: string } | { result: { backupId: string } } | { failure: { name: string; message: string } };

/** One tier without locks, so that a test can remove all it stores. */
export const TIERS = [{ name: "daily", prefix: "daily/", period: "run" }] as const;
