import { Command } from "commander";
import { systemClock } from "../../clients/clock.ts";
import { GITHUB_GIT } from "../../clients/git.ts";
import { mirrorRepository } from "../../operations/site/mirrorRepository.ts";
import { cloneUrl } from "../../planning/names.ts";
import { UserError } from "../../clients/errors.ts";
import { abortOnInterrupt } from "../interruption.ts";
import { jsonOption, stackOption } from "../options.ts";
import { printResult, withProgress } from "../progress.ts";
import { gitOf } from "../services.ts";
import { readStack } from "../stackContext.ts";

/** `castchat-recovery mirror`: brings the standby's mirror of the app's repository up to date. */
export function mirrorCommand(): Command {
  return new Command("mirror")
    .description("copy branches, tags and notes of the app's repository into the stack's mirror")
    .addOption(stackOption())
    .addOption(jsonOption())
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const context = await readStack(options.stack, signal);
      const { settings, outputs } = context;
      if (outputs.mirrorUrl === undefined)
        throw new UserError(`Stack ${options.stack} has no mirror: it is the standby that has one.`);
      const urls = {
        source: cloneUrl(settings.repository, settings.endpointGithub ?? GITHUB_GIT),
        mirror: outputs.mirrorUrl,
      };
      const result = await withProgress("Mirroring", (reporter) =>
        mirrorRepository(gitOf(context), systemClock, urls, signal, reporter),
      );
      printResult(result, options.json === true, [
        `${result.refs.length} refs are in the mirror: ${Object.entries(result.heads)
          .map(([branch, commit]) => `${branch} at ${commit.slice(0, 8)}`)
          .join(", ")}.`,
      ]);
    });
}
