import { Command } from "commander";

import { restoreTables } from "../../../recovery/restore/tables/restoreTables.ts";
import { visible } from "../../../services/common/visibleText.ts";
import { confirmWith } from "../../terminal/confirm.ts";
import { example } from "../../terminal/help.ts";
import { confirmOption, jsonOption, refuseOtherNames } from "../../terminal/options.ts";
import { printResult, reportLine } from "../../terminal/progress.ts";
import { readSource, type SourceOptions, TARGET_HELP, withSource } from "./source.ts";

/** `castchat-recovery restore tables`: replaces the rows of some tables of a live database. */
export function tablesCommand(): Command {
  const command = new Command("tables")
    .description("replace the rows of some tables of a live database with a backup's")
    .argument("<names...>", "schema.table, quoted as in SQL");
  return withSource(command)
    .addOption(confirmOption("the database's host:port/name or ref"))
    .addOption(jsonOption("backupId, snapshotAt, tables (name, rowsBefore, rows), notes"))
    .addHelpText("after", TARGET_HELP)
    .addHelpText("after", example("restore tables public.posts public.applications -s prod"))
    .action(async (tables: string[], options: SourceOptions & { confirm?: string; json?: boolean }) => {
      refuseOtherNames(tables);
      const { source } = await readSource(options);
      const confirm = confirmWith(options.confirm);
      const result = await restoreTables({ ...source, tables, confirm, reporter: reportLine });
      printResult(result, options.json === true, [
        ...result.tables.map(({ name, rowsBefore, rows }) => `${name}: ${rowsBefore} rows before, ${rows} now.`),
        `These are the rows of ${result.backupId} (${result.snapshotAt}), compared with the backup.`,
        ...result.notes.map(visible),
      ]);
    });
}
