import { UserError } from "../../services/common/errors.ts";

/** A time given by a flag. UserError that names the flag where it is no UTC time in full, or of a day that no calendar has. */
export function parseTime(text: string, flag: string): Date {
  const time = new Date(text);
  // JavaScript takes the 30th of February for the 2nd of March: another day's backup would be restored.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) || minuteOf(time) !== text.slice(0, 16)) {
    throw new UserError(`${flag} ${text} is no UTC time: write it like 2026-07-01T02:00:00Z.`);
  }
  return time;
}

/** "2026-07-01T02:00"; undefined of what is no time. */
function minuteOf(time: Date): string | undefined {
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().slice(0, 16);
}
