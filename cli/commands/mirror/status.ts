import { Command } from "commander";

import { mirrorAll } from "../../../recovery/mirror/mirrorAll.ts";
import { mirrorStatus } from "../../../recovery/mirror/mirrorStatus.ts";
import { statusLines } from "../../../recovery/mirror/mirrorText.ts";
import { mirrorsOf } from "../../../runner/stackMirrors.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import { portsOf } from "../../stack/services.ts";
import { readStack } from "../../stack/stackContext.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, withProgress } from "../../terminal/progress.ts";

/** `castchat-recovery mirror status`: compares each mirror with its source. */
export function statusCommand(): Command {
  return new Command("status")
    .description(
      "compare each mirror with its source now: what lags, what is held back; exit code 1 if any is not current",
    )
    .addOption(stackOption())
    .addOption(jsonOption("mirrors (repository, mirror, failure or isCurrent, behind, quarantined, changedAt)"))
    .addHelpText("after", example("mirror status -s dr"))
    .action(async ({ stack, json }: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const { settings } = await readStack(stack, signal);
      const ports = portsOf(settings);
      const git = ports.git();
      const jobs = mirrorsOf(settings, ports).map(({ repository, source, mirror }) => {
        const urls = { source: source.urlOf(source.fullName), mirror: mirror.urlOf(mirror.fullName) };
        return { repository, mirror: mirror.fullName, run: (inner: AbortSignal) => mirrorStatus(git, urls, inner) };
      });
      const outcomes = await withProgress("Comparing the mirrors", () => mirrorAll(jobs, signal));
      const accept = (repository: string) => `castchat-recovery mirror accept ${repository} -s ${stack}`;
      const mirrors = outcomes.map(({ result, ...one }) => ({ ...one, ...result }));
      printResult({ mirrors }, json === true, statusLines(outcomes, accept));
      const late = outcomes.filter(({ result }) => result?.isCurrent !== true);
      if (late.length > 0)
        throw new PromiseError(
          `${late.length} of ${outcomes.length} mirrors are not current. Type: castchat-recovery mirror -s ${stack}`,
        );
    });
}
