const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The recovery guide's objectives for time to recovery (RTO), in milliseconds. */
export const RECOVERY_TIME_OBJECTIVES = {
  database: 30 * MINUTE_MS,
  application: 15 * MINUTE_MS,
  all: HOUR_MS,
} as const;

/** The recovery guide's objectives for lost data (RPO), in milliseconds. Code is in git: real time, so nothing is lost. */
export const RECOVERY_POINT_OBJECTIVES = {
  database: 24 * HOUR_MS,
  code: 0,
  configuration: 24 * HOUR_MS,
} as const;

/** Age of the newest proven backup, in milliseconds, from which the recovery guide calls it an alarm. */
export const CRITICAL_BACKUP_AGE_MS = 25 * HOUR_MS;

/** Time that S3 promises for 99.99 % of replicated objects under Replication Time Control, in milliseconds. */
export const REPLICATION_LAG_MS = 15 * MINUTE_MS;

/** What the worst case depends on, all in milliseconds. */
export interface LossFactors {
  /** Between the starts of two runs. */
  intervalMs: number;
  /** From the start of a run to the end of its upload. */
  runMs: number;
  /** From the end of the upload until the other region holds it. */
  replicationMs: number;
}

/**
 * The most that can be lost, in milliseconds: all goes down just before the next run's backup has arrived in the other
 * region, so the newest that can be had there is a whole interval, a run and a replication old.
 *
 * @public not used yet
 */
export function worstCaseLossMs(factors: LossFactors): number {
  return factors.intervalMs + factors.runMs + factors.replicationMs;
}

/** The longest whole number of hours between runs that keeps the worst case within an objective; 0 when none does. */
export function longestIntervalHours(objectiveMs: number, runMs: number, replicationMs = REPLICATION_LAG_MS): number {
  return Math.max(0, Math.floor((objectiveMs - runMs - replicationMs) / HOUR_MS));
}
