import { InvalidArgumentError, Option } from "commander";

import { parseAge } from "../../planning/age.ts";
import { UserError } from "../../services/common/errors.ts";

// The options that several commands share, each declared and parsed in this file only.

/** `--stack`: the stack whose vault, keys and database a command uses. */
export function stackOption(): Option {
  return new Option("-s, --stack <name>", "the Pulumi stack in this folder").argParser(named).makeOptionMandatory();
}

/** Pulumi treats an empty name, such as that of an unset variable, as the last selected stack, which is never what was meant. */
function named(stack: string): string {
  if (stack.trim() === "") throw new InvalidArgumentError("name a stack, such as prod or dr.");
  return stack;
}

/**
 * `--json`: one JSON value on stdout for programs, instead of lines for people.
 *
 * @param fields names the fields, for the command's help
 */
export function jsonOption(fields: string): Option {
  return new Option("--json", `print JSON only: ${fields}`);
}

/** `--backup`: a backup by its id. */
export function backupOption(description = "a backup's id; the newest proven full one without it"): Option {
  return new Option("--backup <id>", description);
}

/** `--at`: an instant, as a Date. UserError if it is not a time. */
export function atOption(description: string): Option {
  return new Option("--at <time>", `${description} (UTC), such as 2026-07-01T02:00:00Z`).argParser(parseTime);
}

/** `--max-age`: an age, in milliseconds. */
export function maxAgeOption(description: string): Option {
  return new Option("--max-age <age>", `${description}, such as 25h, 2d or 90m`).argParser((text) => {
    const ageMs = parseAge(text);
    if (ageMs === undefined)
      throw new InvalidArgumentError("write a number of hours, days or minutes, such as 25h, 2d or 90m.");
    return ageMs;
  });
}

/** `--rows`: the size of a sample database. */
export function rowsOption(posts: number): Option {
  return new Option("--rows <posts>", "number of posts in the sample database; other tables grow with it")
    .argParser((text) => {
      if (!/^\d{1,8}$/.test(text) || Number(text) < 10)
        throw new InvalidArgumentError("It must be a whole number from 10.");
      return Number(text);
    })
    .default(posts);
}

/** `--confirm`: agrees, without a terminal, to what destroys data. `what` is the name to give. */
export function confirmOption(what: string): Option {
  return new Option("--confirm <name>", `agree without a terminal: ${what}`);
}

/**
 * The value of `--at`. UserError unless it is a complete UTC time of an existing day.
 *
 * @internal
 */
export function parseTime(text: string): Date {
  const time = new Date(text);
  // JavaScript parses 30 February as 2 March, and another day's backup would be restored.
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) || minuteOf(time) !== text.slice(0, 16))
    throw new UserError(`--at ${text} is not a UTC time. Write it like 2026-07-01T02:00:00Z.`);
  return time;
}

/** "2026-07-01T02:00"; undefined for an invalid date. */
function minuteOf(time: Date): string | undefined {
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString().slice(0, 16);
}

const TABLE = /^(?:"(?:[^"]|"")+"|[^".,\s]+)\.(?:"(?:[^"]|"")+"|[^".,\s]+)$/;

/** Refuses names that are not `schema.table`, quoted as in SQL. UserError with all of them. */
export function refuseOtherNames(names: readonly string[]): void {
  const faults = names.filter((name) => !TABLE.test(name));
  if (faults.length === 0) return;
  throw new UserError(
    `${faults.map((name) => `"${name}"`).join(", ")} names no table. Write schema.table, with a space between two tables, as in: public.posts 'public."My table"'.`,
  );
}
