import { Command, Option } from "commander";

import { applyPlan, deletesMuch } from "../../../recovery/configuration/restore/restorePlan.ts";
import { amount } from "../../../services/common/amount.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { configurationPlan, RESTORABLE_PARTS, type RestorablePart } from "../../stack/configurationPlans.ts";
import { readStack } from "../../stack/stackContext.ts";
import { storedConfigurationOf } from "../../stack/storedConfiguration.ts";
import { agreeWith } from "../../terminal/confirm.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { backupOption, jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, reportLine, withProgress } from "../../terminal/progress.ts";
import { planLines } from "../../text/configurationText.ts";

interface Options {
  stack: string;
  part: RestorablePart;
  app?: string;
  name?: string[];
  backup?: string;
  deleteOthers?: boolean;
  forceDeletes?: boolean;
  preview?: boolean;
  yes?: boolean;
  json?: boolean;
}

/** `castchat-recovery config restore`: puts one part of a stack's configuration back, after a plan and a confirmation. */
export function restoreCommand(): Command {
  return new Command("restore")
    .description(
      "put one part of a backup's configuration back into the stack: shows a plan, asks, writes exactly that",
    )
    .addOption(stackOption())
    .addOption(new Option("--part <part>", "what to put back").choices(RESTORABLE_PARTS).makeOptionMandatory())
    .option("--app <name>", "the app, by its name or its Vercel project; needed if the stack has several")
    .option("--name <name...>", "only these: host names of records, variables, or settings")
    .addOption(backupOption("a backup's id; the newest proven one with a configuration without it"))
    .option("--delete-others", "also delete what the backup does not have")
    .option("--force-deletes", "permit more than 10 deletions, or of more than 30 % of what is there")
    .option("--preview", "show the plan and change nothing")
    .option("--yes", "do not ask")
    .addOption(jsonOption("backupId, part, changes (action, item, fields), notes, done"))
    .addHelpText("after", example("config restore --part dns -s prod --preview"))
    .action(async (options: Options) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const stored = await storedConfigurationOf(context, options.backup, signal);
      const planned = () => configurationPlan(options.part, { context, stored, options, signal });
      const plan = await withProgress("Planning", planned);
      const changes = plan.writes.map(({ action, item, fields }) => ({ action, item, fields }));
      const answer = { backupId: stored.backupId, part: plan.part, changes, notes: plan.notes };
      if (plan.writes.length === 0 || options.preview === true) {
        printResult({ ...answer, done: 0 }, options.json === true, planLines(plan));
        return;
      }
      if (deletesMuch(plan) && options.forceDeletes !== true) {
        for (const line of planLines(plan)) reportLine(line);
        throw new UserError(
          `Nothing was changed: the plan deletes more than 10 things or more than 30 % of the ${plan.size} that are there, as one from a wrong backup would. Add --force-deletes if it is right.`,
        );
      }
      await agreeWith(options.yes === true)([`Backup ${stored.backupId}:`, ...planLines(plan)]);
      const done = await withProgress("Restoring", (reporter) => applyPlan(plan, reporter, signal));
      const left = (await planned()).writes.filter(({ wanted }) => typeof wanted !== "symbol");
      if (left.length > 0)
        throw new PromiseError(
          `${amount(done, "change")} made, but ${left.map(({ item }) => item).join(", ")} is not as in the backup. Run the same command again.`,
        );
      printResult({ ...answer, done }, options.json === true, [
        `${plan.part}: as in backup ${stored.backupId}, ${amount(done, "change")} made.`,
      ]);
    });
}
