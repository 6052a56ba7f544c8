import { InvalidArgumentError, Option } from "commander";

import { parseTime } from "./time.ts";

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
  return new Option("--at <time>", `${description} (UTC), such as 2026-07-01T02:00:00Z`).argParser((text) =>
    parseTime(text, "--at"),
  );
}

/** `--confirm`: agrees, without a terminal, to what destroys data. `what` is the name to give. */
export function confirmOption(what: string): Option {
  return new Option("--confirm <name>", `agree without a terminal: ${what}`);
}
