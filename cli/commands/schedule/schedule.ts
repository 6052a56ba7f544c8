import { copyFile } from "node:fs/promises";

import { Command } from "commander";

import { bundle } from "../../../runner/bundle.ts";
import { redact, UserError } from "../../../services/common/errors.ts";
import type { DeclaredSchedule, ScheduledRun, ScheduledRuns } from "../../../services/scheduler/scheduledRuns.ts";
import type { Settings } from "../../../settings/settings.ts";
import { portsOf } from "../../stack/services.ts";
import { readStack } from "../../stack/stackContext.ts";
import { addDefault, example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, toNamedFile } from "../../terminal/progress.ts";
import { plainTable } from "../../terminal/table.ts";
import { rotateCommand } from "./rotate.ts";
import { runTokenLine, runTokensOf } from "./runTokens.ts";

/** How many of the last runs are shown: two and a half days at the default interval. */
const SHOWN_RUNS = 10;

/** `castchat-recovery schedule`: shows a stack's scheduled backups, starts one by hand, sets their tokens, and writes their code. */
export function scheduleCommand(): Command {
  return addDefault(new Command("schedule"), showCommand())
    .addCommand(runCommand())
    .addCommand(rotateCommand())
    .addCommand(bundleCommand());
}

function showCommand(): Command {
  return new Command("show")
    .description("show the schedule and its last runs")
    .addOption(stackOption())
    .addOption(
      jsonOption(
        "expression, enabled, logGroup, missed, tokens (service, isSet, expiresAt, unknown), runs (id, startedAt, endedAt, status, reason)",
      ),
    )
    .addHelpText("after", example("schedule -s prod"))
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const { runs, logGroup, settings } = await runsOf(options.stack, signal);
      const schedule = await runs.schedule(signal);
      const [newest, missed] = [await runs.newest(SHOWN_RUNS, signal), await runs.missed(signal)];
      const tokens = await runTokensOf(settings, signal);
      printResult({ ...schedule, logGroup, missed, tokens, runs: newest }, options.json === true, [
        ...linesOf(schedule, newest, missed, logGroup),
        ...tokens.map((token) => runTokenLine(token, options.stack)),
      ]);
    });
}

function runCommand(): Command {
  return new Command("run")
    .description("start a backup now in the scheduled runner; refused while one is running")
    .addOption(stackOption())
    .addOption(jsonOption("id"))
    .addHelpText("after", example("schedule run -s prod"))
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const { runs } = await runsOf(options.stack, signal);
      const id = await runs.start(signal);
      printResult({ id }, options.json === true, [
        `${id} has started. \`castchat-recovery schedule -s ${options.stack}\` shows how it ends.`,
      ]);
    });
}

function bundleCommand(): Command {
  return new Command("bundle")
    .description("write the code of the scheduled backups to one file, to run it in any container")
    .argument("<file>", "the file to write, for instance runner.mjs")
    .addOption(jsonOption("file, sha256"))
    .addHelpText("after", example("schedule bundle runner.mjs"))
    .action(async (file: string, options: { json?: boolean }) => {
      const { path, sha256 } = bundle("runner");
      await toNamedFile(file, (name) => copyFile(path, name));
      printResult({ file, sha256 }, options.json === true, [`${file} (SHA-256 ${sha256})`]);
    });
}

async function runsOf(
  stack: string,
  signal: AbortSignal,
): Promise<{ runs: ScheduledRuns; logGroup: string; settings: Settings }> {
  const { settings, outputs } = await readStack(stack, signal);
  if (outputs.schedule === undefined)
    throw new UserError(
      `Stack ${stack} has no scheduled backups. A primary has them, and a standby in mode active; first run \`pulumi up -s ${stack}\`.`,
    );
  const { name, project, missedRunsUrl, logGroup } = outputs.schedule;
  return { runs: portsOf(settings).scheduledRuns({ schedule: name, project, missedRunsUrl }), logGroup, settings };
}

function linesOf(
  { expression, enabled }: DeclaredSchedule,
  runs: readonly ScheduledRun[],
  missed: number,
  logGroup: string,
): string[] {
  const table = plainTable(["started (UTC)", "took", "result", "why"]);
  for (const { startedAt, endedAt, status, reason } of runs) {
    const took = endedAt === undefined ? "–" : `${Math.round((endedAt.getTime() - startedAt.getTime()) / 1000)} s`;
    table.push([startedAt.toISOString().slice(0, 19), took, status, redact(reason ?? "")]);
  }
  return [
    `Backups at ${expression}${enabled ? "" : ", disabled"}; logs in ${logGroup}.`,
    ...(missed > 0
      ? [`${missed} could not be started in the last 14 days. The queue of missed runs has the reasons.`]
      : []),
    runs.length === 0 ? "There are no runs yet." : table.toString(),
  ];
}
