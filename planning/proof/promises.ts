import type { CountedPeriod } from "../retention/periods.ts";
import { DAY_MS } from "../retention/time.ts";

/** A stretch of the calendar. */
export interface CalendarSpan {
  readonly days?: number;
  readonly months?: number;
  readonly years?: number;
}

/** One line of the recovery guide's "Backup Retention", made countable. */
export interface RetentionPromise {
  /** The tier that the guide names. */
  readonly tier: string;
  /** Each of the last `count` of these holds a backup. */
  readonly period: CountedPeriod;
  readonly count: number;
  /** And no backup of the tier goes before it is that old. */
  readonly keep: CalendarSpan;
  /** The guide's words. */
  readonly words: string;
}

/** The recovery guide's "Backup Retention". */
export const PROMISES: readonly RetentionPromise[] = [
  { tier: "daily", period: "day", count: 30, keep: { days: 30 }, words: "daily backups: 30 days" },
  { tier: "weekly", period: "isoWeek", count: 13, keep: { months: 3 }, words: "weekly backups: 3 months" },
  { tier: "monthly", period: "month", count: 12, keep: { years: 1 }, words: "monthly backups: 1 year" },
  { tier: "annual", period: "year", count: 5, keep: { years: 5 }, words: "annual backups: 5 years" },
];

/** An instant so much later by the UTC calendar; 30 November and three months is the last of February. */
export function after(instant: number, { days = 0, months = 0, years = 0 }: CalendarSpan): number {
  const date = new Date(instant);
  const month = date.getUTCMonth() + months + 12 * years;
  const lastOfMonth = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(date.getUTCFullYear(), month, Math.min(date.getUTCDate(), lastOfMonth) + days);
  return midnight + (instant % DAY_MS);
}
