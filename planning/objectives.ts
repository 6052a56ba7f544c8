const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The objectives for time to recovery (RTO), in milliseconds: docs/objectives.md. */
export const RECOVERY_TIME_OBJECTIVES = {
  database: 30 * MINUTE_MS,
  application: 15 * MINUTE_MS,
  all: HOUR_MS,
} as const;

/** The objectives for lost data (RPO), in milliseconds: docs/objectives.md. Code is in git, which loses nothing. */
export const RECOVERY_POINT_OBJECTIVES = {
  database: 24 * HOUR_MS,
  code: 0,
  configuration: 24 * HOUR_MS,
} as const;

/** Age of the newest proven backup, in milliseconds, that is an alarm: docs/objectives.md. */
export const CRITICAL_BACKUP_AGE_MS = 25 * HOUR_MS;

/** Time in which S3 replicates 99.99 % of objects under Replication Time Control, in milliseconds. */
export const REPLICATION_LAG_MS = 15 * MINUTE_MS;

/** What the worst-case loss depends on, all in milliseconds. */
export interface LossFactors {
  /** Between the starts of two runs. */
  intervalMs: number;
  /** From the start of a run to the end of its upload. */
  runMs: number;
  /** From the end of the upload until the replica exists in the other region. */
  replicationMs: number;
}

/**
 * The most data that can be lost, in milliseconds. The worst moment is just before a run's backup reaches the other region. The newest
 * replica is then one interval, one run and one replication old.
 *
 * @public not used yet
 */
export function worstCaseLossMs(factors: LossFactors): number {
  return factors.intervalMs + factors.runMs + factors.replicationMs;
}

/** The longest interval, in whole hours, that keeps the worst case within an objective; 0 when none does. */
export function longestIntervalHours(objectiveMs: number, runMs: number, replicationMs = REPLICATION_LAG_MS): number {
  return Math.max(0, Math.floor((objectiveMs - runMs - replicationMs) / HOUR_MS));
}
