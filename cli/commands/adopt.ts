import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Command } from "commander";

import { adopt } from "../../recovery/adopt/adopt.ts";
import { releaseAdopted } from "../../recovery/adopt/release.ts";
import { writeTogether } from "../../recovery/firstDay/writeTogether.ts";
import { pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { registeredApart } from "../../recovery/pulumi/pulumiApart.ts";
import { settingsIn } from "../../recovery/pulumi/stackSettings.ts";
import { UserError } from "../../services/common/errors.ts";
import { portsOf } from "../stack/services.ts";
import { agreeWith } from "../terminal/confirm.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, reportLine } from "../terminal/progress.ts";

interface Options {
  stack: string;
  release?: true | string[];
  yes?: boolean;
  json?: boolean;
}

/** `castchat-recovery adopt`: brings what exists under Pulumi, or gives it up again. */
export function adoptCommand(): Command {
  return new Command("adopt")
    .description(
      "bring what the settings call managed under Pulumi: writes the settings that declare it, reads it into the state, and changes nothing of it",
    )
    .addOption(stackOption())
    .option(
      "--release [names...]",
      "only take it out of the state again: all, or these Vercel projects and zones. Nothing is deleted",
    )
    .option("--yes", "do not ask")
    .addOption(jsonOption("stack, resources, broughtIn, left (name, type, why); with --release: stack, released"))
    .addHelpText(
      "after",
      "\nDone only if a preview afterwards plans no change; otherwise it lists what differs (exit code 1), and state and settings are as before." +
        "\nAfter an interruption, run the same command again.",
    )
    .addHelpText("after", example("adopt -s prod"))
    .action((options: Options) => (options.release === undefined ? bring(options) : release(options)));
}

async function bring({ stack, yes = false, json = false }: Options): Promise<void> {
  const signal = abortOnInterrupt();
  const workspace = process.cwd();
  const pulumi = pulumiClient({ stack, workspace, signal });
  const settings = settingsIn(await pulumi.config(), stack);
  if (settings.role !== "primary")
    throw new UserError(`Stack ${stack} is a standby, which creates what it declares. Only a primary adopts.`);
  const { appHost, dns } = portsOf(settings);
  const path = join(workspace, `Pulumi.${stack}.yaml`);
  const adopted = await adopt({
    stack,
    settings,
    appHost,
    dns,
    pulumi,
    // After an interruption the state is still put back.
    forget: (what) => pulumiClient({ stack, workspace }).forget(what),
    file: { read: () => readFile(path, "utf8"), write: (text) => writeTogether([{ file: path, text }]) },
    registered: async () => (await registeredApart({ stack, workspace, signal })).resources,
    agree: agreeWith(yes),
    reporter: reportLine,
    signal,
  });
  const { resources, broughtIn, left } = adopted;
  printResult(adopted, json, [
    broughtIn.length === 0
      ? `Everything managed is in the state of stack ${stack} already: ${resources.length} resources.`
      : `Adopted into the state of stack ${stack}: ${broughtIn.length} of ${resources.length} resources. A preview plans no change of them.`,
    ...(left.length > 0 ? [`${left.length} records stay outside of Pulumi.`] : []),
    `\`castchat-recovery adopt --release -s ${stack}\` takes them out of the state again.`,
  ]);
}

async function release({ stack, release: given, yes = false, json = false }: Options): Promise<void> {
  const signal = abortOnInterrupt();
  const released = await releaseAdopted({
    stack,
    names: Array.isArray(given) ? given : [],
    pulumi: pulumiClient({ stack, workspace: process.cwd(), signal }),
    agree: agreeWith(yes),
    reporter: reportLine,
  });
  printResult({ stack, released }, json, [
    released.length === 0
      ? `The state of stack ${stack} holds nothing that was adopted.`
      : `Out of the state of stack ${stack}: ${released.join(", ")}. Set them to existing in Pulumi.${stack}.yaml; until then a preview is refused.`,
  ]);
}
