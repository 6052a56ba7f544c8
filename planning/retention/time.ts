/** Milliseconds of a day. The simulation uses UTC, in which every day has the same length. */
export const DAY_MS = 86_400_000;

/** An instant that never comes. */
export const NEVER = Number.POSITIVE_INFINITY;

/** Number of the UTC day that contains an instant, counted from 1970-01-01. */
export function dayOf(instant: number): number {
  return Math.floor(instant / DAY_MS);
}

/** The midnight (UTC) at or after an instant. S3 rounds the times of lifecycle actions up to midnight. */
export function nextMidnight(instant: number): number {
  return Math.ceil(instant / DAY_MS) * DAY_MS;
}

/** The date of a day's number, such as `2027-03-01`. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** The number of the day in a text such as `2027-03-01`; undefined when the calendar has no such day. */
export function dayNamed(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const instant = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(instant)) return undefined;
  const day = dayOf(instant);
  // JavaScript parses 2027-02-30 as 2 March.
  return dateOf(day) === text ? day : undefined;
}
