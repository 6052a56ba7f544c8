import { Command, InvalidArgumentError } from "commander";

import { generationsIn } from "../../recovery/site/generationState.ts";
import { releaseGeneration } from "../../recovery/site/releaseGeneration.ts";
import { leaseContent } from "../../recovery/site/trafficLease.ts";
import { listBackups } from "../../recovery/vault/listBackups.ts";
import { UserError } from "../../services/common/errors.ts";
import { leaseOf, portsOf, vaultOf } from "../stack/services.ts";
import { readStack, trustedKeysOf } from "../stack/stackContext.ts";
import { confirmWith } from "../terminal/confirm.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { confirmOption, jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, reportLine } from "../terminal/progress.ts";

interface GivingUpOptions {
  stack: string;
  withoutNewerBackup?: boolean;
  confirm?: string;
  json?: boolean;
}

/** `castchat-recovery generation`: the databases that recoveries have made, and how an earlier one is forgotten or deleted. */
export function generationCommand(): Command {
  return new Command("generation")
    .description("the databases that recoveries of a stack have made, one for each generation")
    .addCommand(listCommand())
    .addCommand(releaseCommand())
    .addCommand(deleteCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("show each generation that the stack declares, and who holds the public name")
    .addOption(stackOption())
    .addOption(jsonOption("holder, present, generations (generation, projectName, ref, region, createdAt)"))
    .addHelpText("after", example("generation list -s dr"))
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
  return givingUp("release")
    .description("forget an earlier generation: the stack no longer declares and protects it; its project stays")
    .option("--without-newer-backup", "forget it although no proven backup is newer than the present database")
    .addHelpText("after", example("generation release 2 -s dr"))
    .action((generation: number, options: GivingUpOptions) => giveUp(generation, options, false));
}

function deleteCommand(): Command {
  return givingUp("delete")
    .description("delete an earlier generation's Supabase project, for good, and forget it")
    .addHelpText("after", example("generation delete 2 -s dr"))
    .action((generation: number, options: GivingUpOptions) => giveUp(generation, options, true));
}

/** What both ways to give a generation up take. */
function givingUp(name: string): Command {
  return new Command(name)
    .argument("<generation>", "its number, as `generation list` shows it", parseGeneration)
    .addOption(stackOption())
    .addOption(confirmOption("the name of its Supabase project"))
    .addOption(jsonOption("generation, projectName, ref, state (released or not declared), projectDeleted"));
}

async function giveUp(generation: number, options: GivingUpOptions, deletesProject: boolean): Promise<void> {
  const signal = abortOnInterrupt();
  const context = await readStack(options.stack, signal);
  const { settings } = context;
  if (settings.role !== "standby")
    throw new UserError(`Stack ${options.stack} is a primary: only a standby has generations of its database.`);
  const { generation: present, supabaseOrganization: organization, tiers } = settings;
  const result = await releaseGeneration({
    ...{ generation, present, organization, stack: options.stack, pulumi: context.pulumi },
    deletesProject,
    withoutNewerBackup: options.withoutNewerBackup === true,
    databaseHost: portsOf(settings).databaseHost(),
    lease: await leaseOf(context, signal),
    backups: await listBackups({ vault: vaultOf(context), trustedKeys: trustedKeysOf(context), tiers, signal }),
    confirm: confirmWith(options.confirm),
    reporter: reportLine,
    signal,
  });
  const { projectName, state, projectDeleted } = result;
  printResult(result, options.json === true, [
    state === "released"
      ? `Generation ${generation} is released.`
      : `Stack ${options.stack} declares no generation ${generation}.`,
    ...(projectDeleted ? [`Supabase project ${projectName} is deleted.`] : []),
  ]);
}

function parseGeneration(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("write a whole number from 1.");
}
