import { CRITICAL_BACKUP_AGE_MS } from "./objectives.ts";

const HOUR_MS = 3_600_000;

/** What Supabase holds of a project, as far as its age matters. */
export interface PlatformHoldings {
  /** When the newest finished daily backup was taken. */
  newestAt: Date | undefined;
  /** The last instant that point-in-time recovery can reach. */
  latestInstant: Date | undefined;
  /** A project that has not seen a 02:00 UTC yet can't have a backup. */
  projectCreatedAt: Date;
  now: Date;
}

/**
 * What is wrong with the age of Supabase's own backups, in one sentence; undefined when nothing is. The newest state that it
 * could restore must not be older than the guide's 25 hours.
 */
export function platformBackupWarning(holdings: PlatformHoldings): string | undefined {
  const { newestAt, latestInstant, projectCreatedAt, now } = holdings;
  const newest = Math.max(newestAt?.getTime() ?? 0, latestInstant?.getTime() ?? 0);
  const since = newest === 0 ? projectCreatedAt.getTime() : newest;
  const ageMs = now.getTime() - since;
  if (ageMs <= CRITICAL_BACKUP_AGE_MS) return undefined;
  const limit = `more than ${CRITICAL_BACKUP_AGE_MS / HOUR_MS} h`;
  if (newest === 0) return `Supabase has no backup of its own of this project, which is ${limit} old.`;
  return `Supabase's own newest backup is ${Math.floor(ageMs / HOUR_MS)} h old (${limit}): look at its status page, and rely on the vault.`;
}
