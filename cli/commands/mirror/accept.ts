import { Command, Option } from "commander";

import { refsMeant } from "../../../recovery/mirror/acceptRefs.ts";
import { mirrorAll, type MirrorJob } from "../../../recovery/mirror/mirrorAll.ts";
import { localMirror, mirrorLocal } from "../../../recovery/mirror/mirrorLocal.ts";
import { mirrorNamed, type NamedResult, type NamedRun } from "../../../recovery/mirror/mirrorNamed.ts";
import { mirrorStatus } from "../../../recovery/mirror/mirrorStatus.ts";
import { changeText, mirrorLines } from "../../../recovery/mirror/mirrorText.ts";
import type { Quarantined } from "../../../recovery/mirror/record.ts";
import { deployedBranchesOf, mirrorsOf, sourceOf } from "../../../runner/stackMirrors.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import type { Ports } from "../../../services/services.ts";
import type { Settings } from "../../../settings/settings.ts";
import { portsOf } from "../../stack/services.ts";
import { readStack } from "../../stack/stackContext.ts";
import { agreeWith } from "../../terminal/confirm.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, withProgress } from "../../terminal/progress.ts";

interface AcceptOptions {
  stack: string;
  local?: string;
  yes?: boolean;
  json?: boolean;
}

/** A mirror of the repository, and how it follows what a person accepts. */
interface Place {
  repository: string;
  mirror: string;
  urls: { source: string; mirror: string };
  follow: (run: NamedRun) => Promise<NamedResult>;
}

/** `castchat-recovery mirror accept`: lets a mirror follow what it holds back. */
export function acceptCommand(): Command {
  return new Command("accept")
    .description("let a repository's mirrors follow what they hold back; the old tips keep names of their own")
    .argument("<repository>", "the repository that is mirrored, as owner/name")
    .argument("[refs...]", "branches and tags; all that are held back without any")
    .addOption(stackOption())
    .addOption(new Option("--local <folder>", "the clone in a folder of this machine instead of the mirrors"))
    .addOption(new Option("--yes", "do not ask"))
    .addOption(
      jsonOption("mirrors (repository, mirror, failure or accepted, quarantined, kept, and all that `mirror` prints)"),
    )
    .addHelpText("after", example("mirror accept castchat/castchat main -s dr"))
    .action(async (repository: string, refs: string[], options: AcceptOptions) => {
      const signal = abortOnInterrupt();
      const { settings } = await readStack(options.stack, signal);
      const ports = portsOf(settings);
      const run = { git: ports.git(), clock: systemClock, signal, reporter: () => undefined };
      const places = placesOf(settings, ports, repository, options.local);
      const held = await withProgress("Reading what is held back", () =>
        Promise.all(places.map(async ({ urls }) => (await mirrorStatus(run.git, urls, signal)).quarantined)),
      );
      const meant = new Set(refsMeant(refs, held.flat()));
      await agreeWith(options.yes === true || meant.size === 0)(
        places.flatMap(({ mirror }, at) => rewriteLines(mirror, held[at] ?? [], meant)),
      );
      const outcomes = await withProgress("Mirroring", (reporter) => {
        const jobs: MirrorJob<NamedResult>[] = places.map(({ repository: of, mirror, follow }) => {
          return {
            repository: of,
            mirror,
            run: (inner) => follow({ ...run, reporter, signal: inner, accepted: meant }),
          };
        });
        return mirrorAll(jobs, signal);
      });
      const mirrors = outcomes.map(({ result, ...one }) => ({ ...one, ...result }));
      const again = `castchat-recovery mirror accept ${repository} -s ${options.stack}`;
      const count = outcomes.reduce((sum, { result }) => sum + (result?.accepted.length ?? 0), 0);
      const said =
        meant.size === 0 ? "No such ref is held back: nothing was accepted." : `${count} refs were accepted.`;
      printResult({ mirrors }, options.json === true, [said, ...mirrorLines(outcomes, () => again)]);
      const open = outcomes.filter(({ result }) => result === undefined || result.quarantined.length > 0);
      if (open.length > 0) throw new PromiseError(`${open.length} of ${outcomes.length} mirrors are not current.`);
    });
}

function placesOf(settings: Settings, ports: Ports, repository: string, local: string | undefined): Place[] {
  const deployed = deployedBranchesOf(settings, repository);
  if (local === undefined)
    return mirrorsOf(settings, ports, repository).map((pair) => ({
      repository: pair.repository,
      mirror: pair.mirror.fullName,
      urls: {
        source: pair.source.urlOf(pair.source.fullName),
        mirror: pair.mirror.urlOf(pair.mirror.fullName),
      },
      follow: (run) => mirrorNamed(run, pair),
    }));
  const source = sourceOf(settings, ports.codeHost(), repository);
  const place = localMirror(local, repository);
  return [
    {
      repository,
      mirror: place,
      urls: { source: source.urlOf(repository), mirror: place },
      follow: (run) => mirrorLocal(run, source, local, deployed),
    },
  ];
}

function rewriteLines(mirror: string, held: readonly Quarantined[], meant: ReadonlySet<string>): string[] {
  const changes = held.filter(({ ref }) => meant.has(ref));
  if (changes.length === 0) return [];
  return [
    `${mirror} will follow its source in ${changes.length} refs that it holds back. What it has now is kept below refs/castchat/kept/.`,
    ...changes.map((one) => `  ${changeText(one)}: ${one.why}`),
  ];
}
