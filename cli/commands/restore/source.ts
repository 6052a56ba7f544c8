import { type Command, Option } from "commander";

import { ACCEPT_FLAG } from "../../../recovery/restore/rights/broaderRights.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { backupsOf } from "../../stack/services.ts";
import { readStack, requiredVariable, type StackContext } from "../../stack/stackContext.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { atOption, backupOption, stackOption } from "../../terminal/options.ts";

/** The options that select the backup. */
export interface SourceOptions {
  stack: string;
  backup?: string;
  at?: Date;
}

/** Adds the options to a command. */
export function withSource(command: Command): Command {
  return command
    .addOption(stackOption())
    .addOption(backupOption())
    .addOption(atOption("the newest proven backup at or before this time"));
}

/** `--accept-broader-rights`, for commands that restore a whole database. */
export function acceptOption(): Option {
  return new Option(
    ACCEPT_FLAG,
    "accept that roles keep rights on an extension that the source had revoked, if the target can't revoke them",
  );
}

/** The help text of every restore about its target. */
export const TARGET_HELP =
  "\nThe variable TARGET_DATABASE_URL holds the target's connection string, because other users of this machine can see arguments.";

/** The connection string of the target database. UserError if its variable is not set. */
export function targetUrl(): string {
  return requiredVariable("TARGET_DATABASE_URL", "set it to the connection string of the database to restore into");
}

/** Reads the target and the stack. UserError if the target is not set; also throws what `readStack` throws. */
export async function readSource({ stack, backup, at }: SourceOptions) {
  const target = targetUrl();
  const signal = abortOnInterrupt();
  const context: StackContext = await readStack(stack, signal);
  const backups = await backupsOf(context);
  return { context, source: { ...backups, clock: systemClock, backupId: backup, at, targetUrl: target, signal } };
}

/** A backup of the stack's vault, and the target database. */
export type RestoreSource = Awaited<ReturnType<typeof readSource>>["source"];
