import { Command, Option } from "commander";

import { mirrorAll, type MirrorJob, type Outcome } from "../../../recovery/mirror/mirrorAll.ts";
import { mirrorLocal } from "../../../recovery/mirror/mirrorLocal.ts";
import { mirrorNamed, type NamedResult, type NamedRun } from "../../../recovery/mirror/mirrorNamed.ts";
import { mirrorLines, mirrorsFailure } from "../../../recovery/mirror/mirrorText.ts";
import { deployedBranchesOf, mirrorsOf, sourceOf } from "../../../runner/stackMirrors.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import type { Ports } from "../../../services/services.ts";
import { fold, mirroredRepositories } from "../../../settings/repositories.ts";
import type { Settings } from "../../../settings/settings.ts";
import { portsOf } from "../../stack/services.ts";
import { readStack } from "../../stack/stackContext.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, withProgress } from "../../terminal/progress.ts";

interface MirrorOptions {
  stack: string;
  local?: string;
  all?: boolean;
  json?: boolean;
}

/** `castchat-recovery mirror` without a subcommand: brings the mirrors of the repositories up to date. */
export function updateCommand(): Command {
  return new Command("update")
    .description("bring the mirrors up to date; what would destroy them is held back, which is exit code 1")
    .addOption(stackOption())
    .addOption(
      new Option("--local <folder>", "keep bare clones in a folder of this machine instead, with files in Git LFS"),
    )
    .addOption(
      new Option("--all", "with --local: also the repositories that the settings do not name and the token sees"),
    )
    .addOption(
      jsonOption(
        "mirrors (repository, mirror, failure or refs, heads (commit by branch), updated, kept, quarantined, diverged, accepted, largeFiles, notes, durationMs)",
      ),
    )
    .addHelpText("after", example("mirror -s dr"))
    .action(async (options: MirrorOptions) => {
      const signal = abortOnInterrupt();
      const { settings } = await readStack(options.stack, signal);
      const ports = portsOf(settings);
      const outcomes = await withProgress("Mirroring", async (reporter) => {
        const run = { git: ports.git(), clock: systemClock, signal, reporter };
        return await mirrorAll(await jobsOf(options, settings, ports, run), signal);
      });
      print(outcomes, options);
    });
}

async function jobsOf(
  { local, all }: MirrorOptions,
  settings: Settings,
  ports: Ports,
  run: NamedRun,
): Promise<MirrorJob<NamedResult>[]> {
  const reporterOf =
    (name: string): Reporter =>
    (message) =>
      run.reporter(`${name}: ${message}`);
  if (local === undefined)
    return mirrorsOf(settings, ports).map((pair) => {
      const reporter = reporterOf(pair.mirror.fullName);
      const { repository, mirror } = pair;
      return { repository, mirror: mirror.fullName, run: (signal) => mirrorNamed({ ...run, reporter, signal }, pair) };
    });
  const host = ports.codeHost();
  const seen = all === true ? (await host.repositories(run.signal)).map(({ fullName }) => fullName) : [];
  const names = [...mirroredRepositories(settings).map(({ repository }) => repository), ...seen];
  const once = names.filter((name, at) => names.findIndex((one) => fold(one) === fold(name)) === at);
  return once.map((repository) => {
    const reporter = reporterOf(repository);
    const source = sourceOf(settings, host, repository);
    const branches = deployedBranchesOf(settings, repository);
    return {
      repository,
      mirror: local,
      run: (signal) => mirrorLocal({ ...run, reporter, signal }, source, local, branches),
    };
  });
}

function print(outcomes: readonly Outcome<NamedResult>[], { stack, local, json }: MirrorOptions): void {
  const mirrors = outcomes.map(({ result, ...one }) => ({ ...one, ...result }));
  const accept = (repository: string) => acceptLine(repository, stack, local);
  printResult({ mirrors }, json === true, mirrorLines(outcomes, accept));
  const failure = mirrorsFailure(outcomes);
  if (failure !== undefined) throw new PromiseError(failure);
}

function acceptLine(repository: string, stack: string, local: string | undefined): string {
  return `castchat-recovery mirror accept ${repository} -s ${stack}${local === undefined ? "" : ` --local ${local}`}`;
}
