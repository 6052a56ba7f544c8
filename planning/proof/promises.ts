import { type CountedPeriod, countedPeriod } from "../retention/periods.ts";
import { DAY_MS } from "../retention/time.ts";
import type { RunnerTier } from "../retention/vault.ts";
import type { CalendarPeriod } from "../tiers.ts";

/** A span of calendar time. */
export interface CalendarSpan {
  readonly days?: number;
  readonly months?: number;
  readonly years?: number;
}

/** One retention promise of docs/objectives.md, in countable terms. */
export interface RetentionPromise {
  /** The tier that the promise names. */
  readonly tier: string;
  /** Each of the last `count` of these holds a backup. */
  readonly period: CountedPeriod;
  readonly count: number;
  /** No backup of the tier is removed before this age. */
  readonly keep: CalendarSpan;
  /** The promise in words. */
  readonly words: string;
}

/** The promises of docs/objectives.md, "Retention". @internal exported for tests */
export const PROMISES: readonly RetentionPromise[] = [
  { tier: "daily", period: "day", count: 30, keep: { days: 30 }, words: "daily backups: 30 days" },
  { tier: "weekly", period: "isoWeek", count: 13, keep: { months: 3 }, words: "weekly backups: 3 months" },
  { tier: "monthly", period: "month", count: 12, keep: { years: 1 }, words: "monthly backups: 1 year" },
  { tier: "annual", period: "year", count: 5, keep: { years: 5 }, words: "annual backups: 5 years" },
];

/** Days of a period at its longest. A tier without a promise of its own covers as many periods as fit into its days. */
const LONGEST_DAYS: Readonly<Record<CalendarPeriod, number>> = { isoWeek: 7, month: 31, year: 366 };

/**
 * The promises for a tier table: those of docs/objectives.md, and for any other tier what the table itself says. A new tier is therefore
 * proven as well. A promise belongs to the tier of its period, whatever the tier's name: "3 months" holds for the weekly backups.
 */
export function promisesFor(
  tiers: readonly Pick<RunnerTier, "name" | "period" | "keptDays">[],
): readonly RetentionPromise[] {
  const asked = PROMISES.map((promise) => {
    const named = tiers.find(({ name }) => name === promise.tier);
    const filled = [...(named ? [named] : []), ...tiers].find(({ period }) => countedPeriod(period) === promise.period);
    return { ...promise, tier: filled?.name ?? promise.tier };
  });
  const taken = new Set(asked.map(({ tier }) => tier));
  const own = tiers.flatMap(({ name, period, keptDays }): RetentionPromise[] => {
    if (taken.has(name)) return [];
    const common = { tier: name, keep: { days: keptDays }, words: `${name} backups: ${keptDays} days` };
    if (period === "run") return [{ ...common, period: "day", count: keptDays }];
    return [{ ...common, period, count: Math.floor(keptDays / LONGEST_DAYS[period]) }];
  });
  return [...asked, ...own];
}

/** The instant that is so much later by the UTC calendar; 30 November and three months is the last day of February. */
export function after(instant: number, { days = 0, months = 0, years = 0 }: CalendarSpan): number {
  const date = new Date(instant);
  const month = date.getUTCMonth() + months + 12 * years;
  const lastOfMonth = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(date.getUTCFullYear(), month, Math.min(date.getUTCDate(), lastOfMonth) + days);
  return midnight + (instant % DAY_MS);
}

/**
 * The most days that a calendar span can have: 92 for three months (July to September), 366 for a year, 1827 for five years with two leap
 * days. S3 counts days, so a rule must keep this many.
 */
export function longestDays({ days = 0, months = 0, years = 0 }: CalendarSpan): number {
  let longest = 0;
  // Leap years repeat after four years, within a century.
  for (let month = 0; month < 48; month++) {
    const from = Date.UTC(2024, month, 1);
    const to = Date.UTC(2024 + years, month + months, 1 + days);
    longest = Math.max(longest, Math.round((to - from) / DAY_MS));
  }
  return longest;
}

/** `1 day`, `92 days`. */
export function daysText(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}
