import { Command } from "commander";

import { assess } from "../../recovery/assess/assess.ts";
import { walkedPastNotes } from "../../recovery/vault/walkVersions.ts";
import { systemClock } from "../../services/common/clock.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { backupsOf } from "../stack/services.ts";
import { readStack } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { backupOption, jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";
import { assessmentLines, summaryOf } from "../text/assessmentText.ts";

/** `castchat-recovery assess`: reports what of a proven backup is missing or altered in the live database, and since when. */
export function assessCommand(): Command {
  return new Command("assess")
    .addOption(stackOption())
    .addOption(backupOption("a proven backup's id; the newest full one without it"))
    .option(
      "--trace",
      "with --backup: also list the later backups that lack the lost rows already (reads those tables in each)",
    )
    .addOption(
      jsonOption(
        "backupId, snapshotAt, assessedAt, isDamaged, tables, definitions, sequences, missingExtensions, largeObjects, parts, restored, earlierLosses, passedOver",
      ),
    )
    .addHelpText("after", "\nExit code 1: something of the backup is missing or altered. The command changes nothing.")
    .addHelpText("after", example("assess -s prod"))
    .action(async (options: { stack: string; backup?: string; trace?: boolean; json?: boolean }) => {
      if (options.trace === true && options.backup === undefined)
        throw new UserError(
          "--trace reads the backups after the one that --backup names. Add --backup with the id of an older backup.",
        );
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { databaseUrl } = context.outputs;
      if (databaseUrl === undefined)
        throw new UserError(`Stack ${options.stack} has no database, so there is nothing to assess.`);
      const backups = await backupsOf(context);
      const { backup: backupId, trace } = options;
      const found = await withProgress("Assessing", (reporter) =>
        assess({ databaseUrl, ...backups, backupId, trace, clock: systemClock, reporter, signal }),
      );
      printResult(found, options.json === true, [...assessmentLines(found), ...walkedPastNotes(backups.vault, found)]);
      if (found.isDamaged) throw new PromiseError(summaryOf(found));
    });
}
