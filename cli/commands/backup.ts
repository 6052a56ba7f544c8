import { Command, Option } from "commander";

import { backup } from "../../recovery/backup/backup.ts";
import { failureText, leftOutLines } from "../../recovery/backup/leftOutText.ts";
import { BACKUP_KINDS, type BackupKind, KINDS } from "../../recovery/vault/backupKinds.ts";
import { systemClock } from "../../services/common/clock.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { sealerTo } from "../../services/vault/encryption.ts";
import { configurationOf } from "../stack/configurationOf.ts";
import { backupsOf, portsOf, writerOf } from "../stack/services.ts";
import { readStack } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";
import { backupRepositories } from "./backupRepositories.ts";

/** The kinds that this command takes. Variables come from a file (`env import`). */
const TAKEN_KINDS = BACKUP_KINDS.filter((kind) => !KINDS[kind].environment);

/** `castchat-recovery backup`: takes one proven backup of the stack's database and configuration. */
export function backupCommand(): Command {
  return new Command("backup")
    .addOption(stackOption())
    .addOption(new Option("--kind <kind>", "what the backup contains").choices(TAKEN_KINDS).default("full"))
    .option("--accept-smaller", "count the run as proven although it is much smaller than the last one")
    .addOption(
      jsonOption(
        "backupId, kind, tier, snapshotAt, newestDataAt, tables, rows, storedBytes, leftOut, phases, durationMs; of kind repository: repositories (repository, failure or these, or neither if unchanged)",
      ),
    )
    .addHelpText("after", example("backup -s prod"))
    .action(async (options: { stack: string; kind: BackupKind; acceptSmaller?: boolean; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { kind } = options;
      if (KINDS[kind].repository) {
        await backupRepositories(context, options.json === true, signal);
        return;
      }
      const { databaseUrl } = context.outputs;
      if (databaseUrl === undefined && KINDS[kind].database)
        throw new UserError(`Stack ${options.stack} has no database, so there is nothing to back up.`);
      const { supabaseRef } = context.outputs;
      const { criticalTables, shrinkPercent, ageRecipients } = context.settings;
      const result = await withProgress("Backing up", async (reporter) =>
        backup({
          ...(await backupsOf(context)),
          ...writerOf(context, signal),
          databaseUrl,
          clock: systemClock,
          kind,
          criticalTables,
          shrinkPercent,
          acceptsSmaller: options.acceptSmaller === true,
          reporter,
          signal,
          sealer: await sealerTo(ageRecipients),
          ...(KINDS[kind].configuration && {
            configuration: (isSealed: boolean) => configurationOf(context, signal, isSealed, true),
          }),
          ...(KINDS[kind].project &&
            supabaseRef !== undefined && { project: portsOf(context.settings).projectContent(supabaseRef) }),
        }),
      );
      printResult({ ...result, storedBytes: result.sizeBytes }, options.json === true, [
        ...leftOutLines(result.leftOut),
        `${result.backupId} (${kind}) is proven: ${result.tables} tables, ${result.rows} rows, ${(result.sizeBytes / 1e6).toFixed(1)} MB, tier ${result.tier}.`,
      ]);
      const failure = failureText(result.backupId, result.leftOut);
      if (failure !== undefined) throw new PromiseError(failure);
    });
}
