import { UserError } from "../../services/common/errors.ts";

/** A time given by a flag. UserError that names the flag unless it is a complete UTC time of an existing day. */
export function parseTime(text: string, flag: string): Date {
  const time = new Date(text);
  // JavaScript parses 30 February as 2 March, and another day's backup would be restored.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) || minuteOf(time) !== text.slice(0, 16))
    throw new UserError(`${flag} ${text} is not a UTC time. Write it like 2026-07-01T02:00:00Z.`);
  return time;
}

/** "2026-07-01T02:00"; undefined of what is no time. */
function minuteOf(time: Date): string | undefined {
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().slice(0, 16);
}
