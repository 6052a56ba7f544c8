import { type CalendarPeriod, TIER_PERIODS, type TierPeriod } from "../tiers.ts";
import { DAY_MS } from "./time.ts";

/** A calendar period in which a promise counts backups. */
export type CountedPeriod = "day" | CalendarPeriod;

/** The periods, shortest first. */
export const COUNTED_PERIODS = TIER_PERIODS.map(countedPeriod);

/** The period in which a tier's backups are counted: for the tier of every run, days. */
export function countedPeriod(period: TierPeriod): CountedPeriod {
  return period === "run" ? "day" : period;
}

/** The periods' names for people. */
export const PERIOD_WORDS = { day: "day", isoWeek: "week", month: "month", year: "year" } as const;

/** 1970-01-01 was a Thursday: three days into its ISO week. */
const EPOCH_DAYS_INTO_WEEK = 3;

/** A running number of the UTC period that contains a day. The next period's number is one higher. */
export function periodNumber(day: number, period: CountedPeriod): number {
  if (period === "day") return day;
  if (period === "isoWeek") return Math.floor((day + EPOCH_DAYS_INTO_WEEK) / 7);
  const date = new Date(day * DAY_MS);
  return period === "year" ? date.getUTCFullYear() : date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The period's name: `2027-03-01`, `the week of 2027-03-01`, `2027-03`, `2027`. */
export function periodName(number: number, period: CountedPeriod): string {
  if (period === "year") return String(number);
  if (period === "month") return `${Math.floor(number / 12)}-${String((number % 12) + 1).padStart(2, "0")}`;
  const day = period === "day" ? number : number * 7 - EPOCH_DAYS_INTO_WEEK;
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  return period === "day" ? date : `the week of ${date}`;
}

/** The period numbers of a range of days, relative to the first day's, as an array for fast lookup. */
export function periodsOfDays(firstDay: number, days: number, period: CountedPeriod): Int32Array {
  const first = periodNumber(firstDay, period);
  return Int32Array.from({ length: days }, (_, index) => periodNumber(firstDay + index, period) - first);
}
