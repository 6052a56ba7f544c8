import { Command } from "commander";

import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { backupsOf } from "../../stack/services.ts";
import { readStack } from "../../stack/stackContext.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, reportLine } from "../../terminal/progress.ts";

/** `castchat-recovery config show`: prints the settings, DNS records, variable names and Pulumi state in a backup. */
export function showCommand(): Command {
  return new Command("show")
    .description("print a backup's configuration as JSON; its secrets stay encrypted or are left out")
    .argument(
      "[backup]",
      "a backup's id; without it the newest proven backup, completed from the newest that has what it lacks",
    )
    .addOption(stackOption())
    .addOption(jsonOption("accepted, as for other commands; the output is always JSON"))
    .addHelpText("after", example("config show -s dr"))
    .action(async (backupId: string | undefined, options: { stack: string }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const source = { ...(await backupsOf(context)), backupId, signal };
      const { configuration, passedOver } = await readConfiguration(source);
      // Only JSON goes to stdout.
      for (const sentence of passedOver) reportLine(sentence);
      printResult(configuration, true, []);
    });
}
