import type { CalendarPeriod, Tier } from "./tiers.ts";

/** What the calendar needs to know of a tier. Tiers are passed shortest period first. */
export type CalendarTier = Pick<Tier, "name" | "period">;

/** What the calendar needs to know of a backup: its tier and the time of its snapshot. Only proven backups count. */
export interface ProvenBackup {
  readonly tier: string;
  readonly takenAt: Date;
}

/** The name of the UTC period that contains an instant: "2026-W53", "2026-12", "2026". */
function periodOf(instant: Date, period: CalendarPeriod): string {
  if (period === "year") return instant.toISOString().slice(0, 4);
  if (period === "month") return instant.toISOString().slice(0, 7);
  return isoWeekOf(instant);
}

/**
 * The tier that a run opens: the longest whose current period has no proven backup, otherwise the shortest.
 *
 * A backup is stored once, so a longer tier's backup also counts for the shorter periods that contain it. Backups dated after `now` are
 * ignored, because a clock that once ran ahead must not disable a tier. After a missed run the next run is promoted, because its period is
 * still empty.
 */
export function tierForRun<T extends CalendarTier>(now: Date, tiers: readonly T[], proven: readonly ProvenBackup[]): T {
  const order = new Map(tiers.map((tier, index) => [tier.name, index]));
  const past = proven.filter((backup) => backup.takenAt.getTime() <= now.getTime());
  for (const [index, tier] of [...tiers.entries()].reverse()) {
    const { period } = tier;
    if (period === "run") return tier;
    const current = periodOf(now, period);
    const filled = past.some(
      (backup) => (order.get(backup.tier) ?? -1) >= index && periodOf(backup.takenAt, period) === current,
    );
    if (!filled) return tier;
  }
  throw new Error("no tier takes every run");
}

const DAY_MS = 86_400_000;

/** ISO 8601: weeks begin on Monday and belong to the year that holds their Thursday. */
function isoWeekOf(instant: Date): string {
  const midnight = Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth(), instant.getUTCDate());
  const daysSinceMonday = (instant.getUTCDay() + 6) % 7;
  const thursday = new Date(midnight + (3 - daysSinceMonday) * DAY_MS);
  const newYear = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = 1 + Math.floor((thursday.getTime() - newYear) / (7 * DAY_MS));
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
}
