import { type Command, Option } from "commander";

import { ACCEPT_FLAG } from "../../../recovery/restore/rights/broaderRights.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { openerOf } from "../../../services/vault/age.ts";
import { vaultOf } from "../../stack/services.ts";
import { readStack, requiredVariable, type StackContext, trustedKeysOf } from "../../stack/stackContext.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { atOption, backupOption, stackOption } from "../../terminal/options.ts";

/** The options that say which backup is restored. */
export interface SourceOptions {
  stack: string;
  backup?: string;
  at?: Date;
}

/** Adds them to a command. */
export function withSource(command: Command): Command {
  return command
    .addOption(stackOption())
    .addOption(backupOption())
    .addOption(atOption("the newest proven backup at or before this time"));
}

/** `--accept-broader-rights`, of the commands that restore a whole database. */
export function acceptOption(): Option {
  return new Option(
    ACCEPT_FLAG,
    "accept that roles get rights on an extension that the source had revoked, if the target permits no revoking",
  );
}

/** What the help of each restore says about its target. */
export const TARGET_HELP =
  "\nThe variable TARGET_DATABASE_URL holds the target's connection string, as other users of this machine see arguments.";

/** The connection string of the database to restore into. UserError if its variable is not set. */
export function targetUrl(): string {
  return requiredVariable("TARGET_DATABASE_URL", "the connection string of the database to restore into");
}

/** Reads target and stack. UserError if the target is not set, or as `readStack` throws it. */
export async function readSource({ stack, backup, at }: SourceOptions) {
  const target = targetUrl();
  const signal = abortOnInterrupt();
  const context: StackContext = await readStack(stack, signal);
  const source = {
    vault: vaultOf(context),
    trustedKeys: trustedKeysOf(context),
    opener: await openerOf(process.env),
    tiers: context.settings.tiers,
    clock: systemClock,
    backupId: backup,
    at,
    targetUrl: target,
    signal,
  };
  return { context, source };
}

/** A backup of the stack's vault, and the database that it is restored into. */
export type RestoreSource = Awaited<ReturnType<typeof readSource>>["source"];
