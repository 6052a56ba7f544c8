import { Command } from "commander";

import { cloneUrl } from "../../planning/names.ts";
import { mirrorRepository } from "../../recovery/mirror/mirrorRepository.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { portsOf } from "../stack/services.ts";
import { readStack } from "../stack/stackContext.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";

/** `castchat-recovery mirror`: brings the standby's mirror of the app's repository up to date. */
export function mirrorCommand(): Command {
  return new Command("mirror")
    .addOption(stackOption())
    .addOption(jsonOption("refs, heads (commit by branch), durationMs"))
    .addHelpText("after", example("mirror -s dr"))
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const { settings, outputs } = await readStack(options.stack, signal);
      if (outputs.mirrorUrl === undefined)
        throw new UserError(`Stack ${options.stack} has no mirror. Name the standby's stack.`);
      const urls = {
        source: cloneUrl(settings.repository, settings.endpoints.github),
        mirror: outputs.mirrorUrl,
      };
      const result = await withProgress("Mirroring", (reporter) =>
        mirrorRepository(portsOf(settings).git(), systemClock, urls, signal, reporter),
      );
      printResult(result, options.json === true, [
        `${result.refs.length} refs are in the mirror: ${Object.entries(result.heads)
          .map(([branch, commit]) => `${branch} at ${commit.slice(0, 8)}`)
          .join(", ")}.`,
      ]);
    });
}
