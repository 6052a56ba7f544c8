import { Command } from "commander";

import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { readSource } from "../../../recovery/configuration/readSource.ts";
import { UserError } from "../../../services/common/errors.ts";
import { visible } from "../../../services/common/visibleText.ts";
import { backupsOf } from "../../stack/services.ts";
import { readStack } from "../../stack/stackContext.ts";
import { writeBytes } from "../../terminal/bytes.ts";
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
    .option("--part <part>", "only this part; of `source`, this repository's files, as a tar")
    .addOption(jsonOption("accepted, as for other commands; the output is always JSON"))
    .addHelpText("after", example("config show -s dr"))
    .addHelpText("after", example("config show --part source -s dr > source.tar"))
    .action(async (backupId: string | undefined, options: { stack: string; part?: string }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const source = { ...(await backupsOf(context)), backupId, signal };
      if (options.part === "source") {
        const { backupId: from, commit, tar } = await readSource(source);
        reportLine(`Backup ${from} has the files of commit ${visible(commit)}.`);
        await writeBytes(tar, "A tar", "source.tar");
        return;
      }
      const { configuration, passedOver } = await readConfiguration(source);
      // Only JSON goes to stdout.
      for (const sentence of passedOver) reportLine(sentence);
      printResult(partOf(configuration as object, options.part), true, []);
    });
}

function partOf(configuration: object, part: string | undefined): unknown {
  if (part === undefined) return configuration;
  const found = Object.entries(configuration).find(([name]) => name === part);
  if (found !== undefined) return found[1];
  throw new UserError(`The backup has no part ${part}. It has ${Object.keys(configuration).sort().join(", ")}.`);
}
