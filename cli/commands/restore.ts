import { Command } from "commander";
import { openerOf } from "../../clients/age.ts";
import { systemClock } from "../../clients/clock.ts";
import { UserError } from "../../clients/errors.ts";
import { restore } from "../../operations/restore.ts";
import { abortOnInterrupt } from "../interruption.ts";
import { jsonOption, stackOption } from "../options.ts";
import { printResult, withProgress } from "../progress.ts";
import { vaultOf } from "../services.ts";
import { readStack, requiredVariable, trustedKeysOf } from "../stackContext.ts";

/** `castchat-recovery restore`: a backup of the stack's vault into an empty database. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description(
      "restore a backup of the stack's vault into an empty Supabase database; a target that holds data is refused",
    )
    .addOption(stackOption())
    .option("--backup <id>", "a backup's id; the newest proven one without it")
    .option("--at <time>", "the newest proven backup at or before this UTC time, such as 2026-07-01T02:00:00Z")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nThe target's connection string is read from the variable TARGET_DATABASE_URL, as arguments are visible to others.",
    )
    .action(async (options: { stack: string; backup?: string; at?: string; json?: boolean }) => {
      const targetUrl = requiredVariable(
        "TARGET_DATABASE_URL",
        "the connection string of the empty database to restore into",
      );
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const result = await withProgress("Restoring", async (reporter) =>
        restore({
          vault: vaultOf(context),
          trustedKeys: trustedKeysOf(context),
          opener: await openerOf(process.env),
          tiers: context.settings.tiers,
          backupId: options.backup,
          at: options.at === undefined ? undefined : parseTime(options.at),
          targetUrl,
          generation: context.settings.generation,
          clock: systemClock,
          reporter,
          signal,
        }),
      );
      printResult(result, options.json === true, [
        `${result.backupId} is restored and checked: ${result.tables} tables, ${result.rows} rows; ` +
          `${result.users} users, ${result.posts} posts, ${result.applications} applications.`,
      ]);
    });
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$/.test(text) || Number.isNaN(time.getTime())) {
    throw new UserError(`--at ${text} is no UTC time: write it like 2026-07-01T02:00:00Z.`);
  }
  return time;
}
