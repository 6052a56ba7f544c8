import { CRITICAL_BACKUP_AGE_MS } from "./objectives.ts";

const HOUR_MS = 3_600_000;

/** What Supabase holds of a project, as far as its age matters. */
export interface PlatformHoldings {
  /** When the newest finished daily backup was taken. */
  newestAt: Date | undefined;
  /** The last instant that point-in-time recovery can reach. */
  latestInstant: Date | undefined;
  /** A project that is younger than its first 02:00 UTC has no daily backup yet. */
  projectCreatedAt: Date;
  now: Date;
}

/**
 * A warning, in one sentence, when Supabase's own backups are too old; undefined otherwise. The newest state that Supabase could restore
 * must be at most CRITICAL_BACKUP_AGE_MS old.
 */
export function platformBackupWarning(holdings: PlatformHoldings): string | undefined {
  const { newestAt, latestInstant, projectCreatedAt, now } = holdings;
  const newest = Math.max(newestAt?.getTime() ?? 0, latestInstant?.getTime() ?? 0);
  const since = newest === 0 ? projectCreatedAt.getTime() : newest;
  const ageMs = now.getTime() - since;
  if (ageMs <= CRITICAL_BACKUP_AGE_MS) return undefined;
  const limit = `more than ${CRITICAL_BACKUP_AGE_MS / HOUR_MS} h`;
  if (newest === 0) return `Supabase has no backup of its own of this project, which is ${limit} old.`;
  return `Supabase's own newest backup is ${Math.floor(ageMs / HOUR_MS)} h old (${limit}). Check Supabase's status page, and rely on the vault.`;
}
