import { appendFile, writeFile } from "node:fs/promises";

import { Command } from "commander";

import { dayOf } from "../../planning/retention/time.ts";
import { plan } from "../../recovery/plan/plan.ts";
import { readWorkspace } from "../../recovery/pulumi/previewWorkspace.ts";
import { systemClock } from "../../services/common/clock.ts";
import { readMadeBy } from "../html/madeBy.ts";
import { planFacts } from "../plan/planFacts.ts";
import { planLines } from "../plan/planLines.ts";
import { assumptionsOf, type PlanOptions, withPlanOptions } from "../plan/planOptions.ts";
import { planPage } from "../plan/planPage.ts";
import { readPlan } from "../plan/readPlan.ts";
import { EXIT } from "../terminal/failure.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, toNamedFile, withProgress } from "../terminal/progress.ts";

/**
 * `castchat-recovery plan`: proves that the declared rules keep every promise about backups on every day of the years to come, and computes
 * their cost. Exit code 1 when a promise isn't kept, 2 when the rules are invalid.
 */
export function planCommand(): Command {
  const command = new Command("plan")
    .addOption(stackOption())
    .addOption(
      jsonOption(
        "kept, unproven, violations, coverage, vaults, tiers, holdings, costs, total, summary, comparison, recovery, egress, runner, prices",
      ),
    )
    .addHelpText("after", example("plan -s prod --years 5 --html plan.html"));
  return withPlanOptions(command).action(async (options: PlanOptions) => {
    const signal = abortOnInterrupt();
    const { stack, standby, deployed = false } = options;
    const { html } = options;
    // What can't be written is refused before anything is computed.
    if (html !== undefined) await toNamedFile(html, (file) => appendFile(file, ""));
    if (standby !== false && command.getOptionValueSource("standby") === "cli")
      await readWorkspace(process.cwd(), standby);
    const stacks = standby === false ? stack : `${stack} and ${standby}`;
    const read = await withProgress(`Reading the rules of ${stacks}`, () =>
      readPlan({ stack, standby, deployed, signal }),
    );
    const assumptions = assumptionsOf(options, dayOf(systemClock().getTime()), read.intervalHours);
    const report = plan({ ...read, assumptions });
    if (html !== undefined) {
      const page = planPage(report, await readMadeBy());
      await toNamedFile(html, (file) => writeFile(file, page));
    }
    printResult(planFacts(report), options.json === true, planLines(report));
    if (report.proof.violations.length > 0) process.exitCode = EXIT.promiseNotKept;
  });
}
