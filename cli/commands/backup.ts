import { Command } from "commander";
import { systemClock } from "../../clients/clock.ts";
import { UserError } from "../../clients/errors.ts";
import { backup } from "../../operations/backup.ts";
import { collectConfiguration } from "../../operations/configuration.ts";
import { abortOnInterrupt } from "../interruption.ts";
import { jsonOption, stackOption } from "../options.ts";
import { printResult, withProgress } from "../progress.ts";
import { configurationPorts, signerOf, vaultOf } from "../services.ts";
import { readStack, trustedKeysOf, type StackContext } from "../stackContext.ts";

/** `castchat-recovery backup`: one proven backup of the stack's database and configuration. */
export function backupCommand(): Command {
  return new Command("backup")
    .description("take a consistent backup of the stack's database and configuration, store it, and read it back")
    .addOption(stackOption())
    .addOption(jsonOption())
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { databaseUrl } = context.outputs;
      if (databaseUrl === undefined) {
        throw new UserError(`Stack ${options.stack} runs no database: there is nothing to back up.`);
      }
      const result = await withProgress("Backing up", (reporter) =>
        backup({
          databaseUrl,
          vault: vaultOf(context),
          signer: signerOf(context),
          trustedKeys: trustedKeysOf(context),
          tiers: context.settings.tiers,
          clock: systemClock,
          configuration: () => configurationOf(context, signal),
          reporter,
          signal,
        }),
      );
      printResult({ ...result, storedBytes: result.sizeBytes }, options.json === true, [
        `${result.backupId} is proven: ${result.tables} tables, ${result.rows} rows, ${(result.sizeBytes / 1e6).toFixed(1)} MB, tier ${result.tier}.`,
      ]);
    });
}

/** What a rebuilt infrastructure needs beside the data, Pulumi's state included. */
async function configurationOf(context: StackContext, signal: AbortSignal): Promise<unknown> {
  const { settings, outputs, pulumi } = context;
  const state: unknown = JSON.parse(await pulumi.exportState());
  return collectConfiguration(
    configurationPorts(context),
    {
      vercelProject: settings.vercelProject,
      zoneName: settings.zoneName,
      repository: settings.repository,
      ...(outputs.supabaseRef === undefined ? {} : { supabaseRef: outputs.supabaseRef }),
      stackState: state,
    },
    signal,
  );
}
