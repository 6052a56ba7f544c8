import { Command } from "commander";

import { release, type ReleasedItem } from "../../recovery/restore/release/release.ts";
import { UserError } from "../../services/common/errors.ts";
import { openerOf } from "../../services/vault/age.ts";
import { vaultOf } from "../stack/services.ts";
import { readStack, trustedKeysOf } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { backupOption, jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";

/** `castchat-recovery resume-jobs`: schedules and publishes again what a restore has held back. */
export function resumeJobsCommand(): Command {
  return new Command("resume-jobs")
    .description(
      "after a restore, schedule the backup's jobs and make its publications; what is there already stays as it is",
    )
    .addOption(stackOption())
    .addOption(backupOption("the backup that the database must have been restored from"))
    .addOption(jsonOption("backupId, items (kind, name, state, differences)"))
    .addHelpText(
      "after",
      "\nThe database is the stack's own, or the one of the variable TARGET_DATABASE_URL. From then on its jobs run: they write, call and mail.",
    )
    .addHelpText("after", example("resume-jobs -s dr"))
    .action(async (options: { stack: string; backup?: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const databaseUrl = process.env["TARGET_DATABASE_URL"] ?? context.outputs.databaseUrl;
      if (databaseUrl === undefined) {
        throw new UserError(
          `Stack ${options.stack} runs no database: put the connection string of the restored one into TARGET_DATABASE_URL.`,
        );
      }
      const opener = await openerOf(process.env);
      const result = await withProgress("Resuming jobs and publications", (reporter) =>
        release({
          vault: vaultOf(context),
          opener,
          trustedKeys: trustedKeysOf(context),
          tiers: context.settings.tiers,
          databaseUrl,
          backupId: options.backup,
          reporter,
          signal,
        }),
      );
      printResult(result, options.json === true, [
        ...result.items.map(sentence),
        result.items.length === 0
          ? `The restore of ${result.backupId} had held nothing back.`
          : `All jobs and publications of ${result.backupId} are back.`,
      ]);
    });
}

function sentence({ kind, name, state, differences }: ReleasedItem): string {
  const how = differences.length === 0 ? "" : `: ${differences.join("; ")}`;
  if (state === "differs") return `${kind} ${name} was changed since the restore and is left as it is${how}.`;
  return `${kind} ${name} ${state === "released" ? "is back" : "is there already"}${how}.`;
}
