import type { CalendarSpan } from "./promises.ts";

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
    longest = Math.max(longest, Math.round((to - from) / 86_400_000));
  }
  return longest;
}

/** `1 day`, `92 days`. */
export function daysText(days: number): string {
  return days === 1 ? "1 day" : `${days} days`;
}
