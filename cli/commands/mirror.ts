import { Command } from "commander";

import { cloneUrl } from "../../planning/names.ts";
import { mirrorRepository, type MirrorResult } from "../../recovery/mirror/mirrorRepository.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Settings } from "../../settings/settings.ts";
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
    .addOption(jsonOption("mirrors (repository, refs, heads (commit by branch), largeFiles, durationMs)"))
    .addHelpText("after", example("mirror -s dr"))
    .action(async (options: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const { settings, outputs } = await readStack(options.stack, signal);
      if (outputs.mirrorUrl === undefined)
        throw new UserError(`Stack ${options.stack} has no mirror. Name the standby's stack.`);
      const git = portsOf(settings).git();
      const mirrors = [];
      for (const [repository, mirror] of mirrorsOf(settings)) {
        const urls = { source: cloneUrl(repository, settings.endpoints.github), mirror };
        const result = await withProgress(`Mirroring ${repository}`, (reporter) =>
          mirrorRepository(git, systemClock, urls, signal, reporter),
        );
        mirrors.push({ repository, ...result });
      }
      printResult({ mirrors }, options.json === true, mirrors.map(mirrorLine));
    });
}

/** Clone addresses of the mirrors, by repository. */
function mirrorsOf({ apps, endpoints }: Settings): ReadonlyMap<string, string> {
  return new Map(
    apps.flatMap(({ repository, mirror }) =>
      mirror === undefined ? [] : [[repository, cloneUrl(mirror, endpoints.github)] as const],
    ),
  );
}

function mirrorLine({ repository, refs, heads }: { repository: string } & MirrorResult): string {
  const branches = Object.entries(heads).map(([branch, commit]) => `${branch} at ${commit.slice(0, 8)}`);
  return `${refs.length} refs of ${repository} are in its mirror: ${branches.join(", ")}.`;
}
