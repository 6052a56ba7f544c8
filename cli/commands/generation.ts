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
import { allOption, shortList } from "../terminal/shortList.ts";

interface GivingUpOptions {
  stack: string;
  withoutNewerBackup?: boolean;
  confirm?: string;
  json?: boolean;
}

/** `castchat-recovery generation`: lists the databases that recoveries have created, and releases or deletes an earlier one. */
export function generationCommand(): Command {
  return new Command("generation").addCommand(listCommand()).addCommand(releaseCommand()).addCommand(deleteCommand());
}

function listCommand(): Command {
  return new Command("list")
    .description("show each generation that the stack declares, and the holder of the public name")
    .addOption(stackOption())
    .addOption(allOption())
    .addOption(jsonOption("holder, present, generations (generation, projectName, ref, region, createdAt)"))
    .addHelpText("after", example("generation list -s dr"))
    .action(async (options: { stack: string; all?: boolean; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { generation: present, apps } = context.settings;
      const [publicName] = apps[0].publicNames;
      const lease = await leaseOf(context, signal);
      const held = generationsIn(await context.pulumi.exportState());
      const holder = lease === undefined ? "no stack" : leaseContent(lease);
      const { shown, rest } = shortList(held.toReversed(), {
        all: options.all === true,
        what: "earlier generations are",
      });
      printResult({ holder, present, generations: held }, options.json === true, [
        `The holder of ${publicName} is ${holder}. Stack ${options.stack} is set to generation ${present}.`,
        ...shown
          .toReversed()
          .map(
            ({ generation, projectName, ref, region, createdAt }) =>
              `Generation ${generation}${generation === present ? " (present)" : ""}: ${projectName}` +
              (ref === "" ? ", which was never created." : ` (${ref}), in ${region}, created ${createdAt}.`),
          ),
        ...rest,
        ...(held.length === 0 ? [`Stack ${options.stack} declares no recovered database.`] : []),
      ]);
    });
}

function releaseCommand(): Command {
  return givingUp("release")
    .description("release an earlier generation: the stack no longer declares and protects it, and its project stays")
    .option("--without-newer-backup", "release it although no proven backup is newer than the present database")
    .addHelpText("after", example("generation release 2 -s dr"))
    .action((generation: number, options: GivingUpOptions) => giveUp(generation, options, false));
}

function deleteCommand(): Command {
  return givingUp("delete")
    .description("release an earlier generation, and delete its Supabase project for good")
    .addHelpText("after", example("generation delete 2 -s dr"))
    .action((generation: number, options: GivingUpOptions) => giveUp(generation, options, true));
}

/** The arguments and options of both ways to give up a generation. */
function givingUp(name: string): Command {
  return new Command(name)
    .argument("<generation>", "its number, as shown by `generation list`", parseGeneration)
    .addOption(stackOption())
    .addOption(confirmOption("the name of its Supabase project"))
    .addOption(jsonOption("generation, projectName, ref, state (released or not declared), projectDeleted"));
}

async function giveUp(generation: number, options: GivingUpOptions, deletesProject: boolean): Promise<void> {
  const signal = abortOnInterrupt();
  const context = await readStack(options.stack, signal);
  const { settings } = context;
  if (settings.role !== "standby")
    throw new UserError(`Stack ${options.stack} is a primary. Only a standby has generations of its database.`);
  const { generation: present, supabaseOrganization: organization, tiers } = settings;
  const result = await releaseGeneration({
    generation,
    present,
    organization,
    stack: options.stack,
    pulumi: context.pulumi,
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
  throw new InvalidArgumentError("It must be a whole number from 1.");
}
