import { Command, InvalidArgumentError, Option } from "commander";

import { generationsIn } from "../../recovery/site/generationState.ts";
import { releaseGeneration } from "../../recovery/site/releaseGeneration.ts";
import { leaseContent } from "../../recovery/site/trafficLease.ts";
import { listBackups } from "../../recovery/vault/listBackups.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { leaseOf, portsOf, vaultOf } from "../stack/services.ts";
import { readStack, trustedKeysOf } from "../stack/stackContext.ts";
import { confirmWith } from "../terminal/confirm.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";

interface ReleaseOptions {
  stack: string;
  delete?: boolean;
  withoutNewerBackup?: boolean;
  confirm?: string;
  json?: boolean;
}

/** `castchat-recovery generation`: the databases that recoveries have made, and how an earlier one is given up. */
export function generationCommand(): Command {
  return new Command("generation")
    .description("the databases that recoveries of a stack have made, one for each generation")
    .addCommand(listCommand())
    .addCommand(releaseCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("show each generation that the stack declares, and who holds the public name")
    .addOption(stackOption())
    .addOption(jsonOption())
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { generation: present, publicName } = context.settings;
      const lease = await leaseOf(context, signal);
      const held = generationsIn(await context.pulumi.exportState());
      const holder = lease === undefined ? "nobody" : leaseContent(lease);
      printResult({ holder, present, generations: held }, options.json === true, [
        `${publicName} is held by ${holder}; stack ${options.stack} is set to generation ${present}.`,
        ...held.map(
          ({ generation, projectName, ref, region, createdAt }) =>
            `Generation ${generation}${generation === present ? " (present)" : ""}: ${projectName}` +
            (ref === "" ? ", which was never made." : ` (${ref}), in ${region}, made ${createdAt}.`),
        ),
        ...(held.length === 0 ? [`Stack ${options.stack} declares no recovered database.`] : []),
      ]);
    });
}

function releaseCommand(): Command {
  return new Command("release")
    .description("give an earlier generation up: the stack no longer declares and protects it")
    .argument("<generation>", "its number, as `generation list` shows it", parseGeneration)
    .addOption(stackOption())
    .option("--delete", "also delete its Supabase project, for good")
    .addOption(
      new Option(
        "--without-newer-backup",
        "give it up although no proven backup is newer than the present database",
      ).conflicts("delete"),
    )
    .option("--confirm <name>", "agree without a terminal: the name of its Supabase project")
    .addOption(jsonOption())
    .addHelpText("after", "\nWithout --delete the project stays at Supabase as it is.")
    .action(async (generation: number, options: ReleaseOptions) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { settings } = context;
      if (settings.role !== "standby")
        throw new UserError(`Stack ${options.stack} is a primary: only a standby has generations of its database.`);
      const { generation: present, supabaseOrganization: organization, tiers } = settings;
      const result = await releaseGeneration({
        ...{ generation, present, organization, stack: options.stack, pulumi: context.pulumi },
        deletesProject: options.delete === true,
        withoutNewerBackup: options.withoutNewerBackup === true,
        supabase: portsOf(settings).supabase(),
        lease: await leaseOf(context, signal),
        backups: await listBackups({ vault: vaultOf(context), trustedKeys: trustedKeysOf(context), tiers, signal }),
        confirm: confirmWith(options.confirm, "--confirm"),
        reporter: inLines,
        signal,
      });
      const { projectName, state, projectDeleted } = result;
      printResult(result, options.json === true, [
        state === "released"
          ? `Generation ${generation} is released.`
          : `Stack ${options.stack} declares no generation ${generation}.`,
        ...(projectDeleted ? [`Supabase project ${projectName} is deleted.`] : []),
      ]);
    });
}

/** If an operator may be asked, a spinner would be in the way. */
const inLines: Reporter = (message) => void process.stderr.write(`${message}\n`);

function parseGeneration(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("write a whole number from 1.");
}
