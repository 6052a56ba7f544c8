import type { Command } from "commander";

import { EXIT } from "./failure.ts";

/** The exit codes of every command; shown once, below the list of commands. */
export const EXIT_CODES_HELP = `
Exit codes:
  ${EXIT.fine}    done, and every promise is kept
  ${EXIT.promiseNotKept}    a promise is not kept: a backup, a restore or a check has failed
  ${EXIT.wrongUse}    wrong use or set-up
  ${EXIT.interrupted}  interrupted; what was started has been stopped`;

/** One command line to copy, for the end of a command's help. */
export function example(line: string): string {
  return `\nExample:\n  castchat-recovery ${line}`;
}

const DEFAULTS = new WeakMap<Command, Command>();

/** Adds the subcommand that runs when none is named. The help of the group shows its options too. */
export function addDefault(group: Command, command: Command): Command {
  DEFAULTS.set(group, command);
  return group
    .addCommand(command, { isDefault: true })
    .addHelpText("after", () => `\nWithout a subcommand it is \`${command.name()}\`:\n\n${command.helpInformation()}`);
}

/** The subcommand that runs when none is named; undefined if there is none. */
export function defaultOf(group: Command): Command | undefined {
  return DEFAULTS.get(group);
}

/** A command and all below it. */
export function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
