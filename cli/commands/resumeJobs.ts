import { Command } from "commander";

import { release, type ReleasedItem } from "../../recovery/restore/release/release.ts";
import { UserError } from "../../services/common/errors.ts";
import { backupsOf } from "../stack/services.ts";
import { readStack } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { backupOption, jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";

/** `castchat-recovery resume-jobs`: starts the jobs and publications that a restore has held back. */
export function resumeJobsCommand(): Command {
  return new Command("resume-jobs")
    .addOption(stackOption())
    .addOption(backupOption("the backup from which the database was restored"))
    .addOption(jsonOption("backupId, items (kind, name, state, differences)"))
    .addHelpText(
      "after",
      "\nThe database is the stack's own, or that of the variable TARGET_DATABASE_URL. Its jobs run from then on: they write, call services and send mail.",
    )
    .addHelpText("after", example("resume-jobs -s dr"))
    .action(async (options: { stack: string; backup?: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const databaseUrl = process.env["TARGET_DATABASE_URL"] ?? context.outputs.databaseUrl;
      if (databaseUrl === undefined)
        throw new UserError(
          `Stack ${options.stack} has no database. Set TARGET_DATABASE_URL to the connection string of the restored one.`,
        );
      const backups = await backupsOf(context);
      const result = await withProgress("Resuming jobs and publications", (reporter) =>
        release({ ...backups, databaseUrl, backupId: options.backup, reporter, signal }),
      );
      printResult(result, options.json === true, [
        ...result.items.map(sentence),
        result.items.length === 0
          ? `The restore of ${result.backupId} held nothing back.`
          : `All jobs and publications of ${result.backupId} are back.`,
      ]);
    });
}

function sentence({ kind, name, state, differences }: ReleasedItem): string {
  const how = differences.length === 0 ? "" : `: ${differences.join("; ")}`;
  if (state === "differs") return `${kind} ${name} was changed since the restore, so it stays as it is${how}.`;
  return `${kind} ${name} ${state === "released" ? "is back" : "already exists"}${how}.`;
}
