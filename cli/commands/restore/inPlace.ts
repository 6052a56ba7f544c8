import { Command } from "commander";

import { backup } from "../../../recovery/backup/backup.ts";
import { replace } from "../../../recovery/restore/inPlace/replace.ts";
import { lossText } from "../../../recovery/restore/run/restoreLosses.ts";
import { amount } from "../../../services/common/amount.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { visible } from "../../../services/common/visibleText.ts";
import { sealerTo } from "../../../services/vault/encryption.ts";
import { writerOf } from "../../stack/services.ts";
import type { StackContext } from "../../stack/stackContext.ts";
import { confirmWith } from "../../terminal/confirm.ts";
import { example } from "../../terminal/help.ts";
import { confirmOption, jsonOption } from "../../terminal/options.ts";
import { printResult, reportLine } from "../../terminal/progress.ts";
import { acceptOption, readSource, type RestoreSource, type SourceOptions, TARGET_HELP, withSource } from "./source.ts";

interface Options extends SourceOptions {
  confirm?: string;
  acceptBroaderRights?: boolean;
  json?: boolean;
}

/** `castchat-recovery restore in-place`: puts a whole live database back into a backup's state. */
export function inPlaceCommand(): Command {
  const command = new Command("in-place").description(
    "put a whole live database back into a backup's state; after any failure the old state is back",
  );
  return withSource(command)
    .addOption(acceptOption())
    .addOption(confirmOption("the database's host:port/name or ref"))
    .addOption(
      jsonOption(
        "backupId, snapshotAt, tables, rows, users, posts, applications, safetyBackupId, notes, lost, durationMs",
      ),
    )
    .addHelpText("after", TARGET_HELP)
    .addHelpText(
      "after",
      "After an interruption, run the same command again to continue, or `restore abandon` to go back.",
    )
    .addHelpText("after", example("restore in-place -s prod --backup 20260701T020000Z-1a2b3c"))
    .action(async (options: Options) => {
      const { context, source } = await readSource(options);
      const result = await replace({
        ...source,
        acceptsBroaderRights: options.acceptBroaderRights ?? false,
        confirm: confirmWith(options.confirm),
        saveFirst: (reporter) => saveFirst(context, source, reporter),
        reporter: reportLine,
      });
      printResult(result, options.json === true, [
        `The database is in the state of ${result.backupId} (${result.snapshotAt}) and checked: ${amount(result.tables, "table")}, ${amount(result.rows, "row")}; ` +
          `${result.users} users, ${result.posts} posts, ${result.applications} applications.`,
        `The state before is saved as ${result.safetyBackupId}.`,
        ...result.notes.map(visible),
      ]);
      const losses = lossText(result);
      if (losses !== undefined) throw new PromiseError(losses);
    });
}

/** Takes a backup of the present state into the stack's own vault. Returns the backup's id. */
async function saveFirst(context: StackContext, source: RestoreSource, reporter: Reporter): Promise<string> {
  const { settings } = context;
  const { trustedKeys, tiers, opener, clock, targetUrl: databaseUrl, signal } = source;
  const { backupId } = await backup({
    databaseUrl,
    trustedKeys,
    tiers,
    opener,
    clock,
    reporter,
    signal,
    ...writerOf(context, signal),
    sealer: await sealerTo(settings.ageRecipients),
    // The database is damaged, so much may be missing.
    acceptsSmaller: true,
    isSafety: true,
  });
  return backupId;
}
