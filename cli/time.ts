import { UserError } from "../clients/errors.ts";

/** A time given by a flag. UserError that names the flag where it is no UTC time in full. */
export function parseTime(text: string, flag: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) || Number.isNaN(time.getTime())) {
    throw new UserError(`${flag} ${text} is no UTC time: write it like 2026-07-01T02:00:00Z.`);
  }
  return time;
}
