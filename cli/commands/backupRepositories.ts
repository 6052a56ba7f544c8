import { backupRepository } from "../../recovery/backup/backupRepository.ts";
import { leftOutLines } from "../../recovery/backup/leftOutText.ts";
import { mirrorAll } from "../../recovery/mirror/mirrorAll.ts";
import { sourceOf } from "../../runner/stackMirrors.ts";
import { systemClock } from "../../services/common/clock.ts";
import { PromiseError, UserError } from "../../services/common/errors.ts";
import { sealerTo } from "../../services/vault/encryption.ts";
import { mirroredRepositories } from "../../settings/repositories.ts";
import { backupsOf, portsOf, writerOf } from "../stack/services.ts";
import type { StackContext } from "../stack/stackContext.ts";
import { printResult, withProgress } from "../terminal/progress.ts";

/** `castchat-recovery backup --kind repository`: one backup of each repository of the stack that has changed. One failure stops no other. */
export async function backupRepositories(context: StackContext, json: boolean, signal: AbortSignal): Promise<void> {
  const { settings } = context;
  const ports = portsOf(settings);
  const repositories = mirroredRepositories(settings);
  if (repositories.length === 0)
    throw new UserError(`Stack ${settings.stack} has no repository. Set \`repositories\`.`);
  const outcomes = await withProgress("Backing up", async (reporter) => {
    const common = {
      ...(await backupsOf(context)),
      ...writerOf(context, signal),
      sealer: await sealerTo(settings.ageRecipients),
      git: ports.git(),
      clock: systemClock,
      reporter,
    };
    const jobs = repositories.map(({ repository }) => ({
      repository,
      mirror: "vault",
      run: (inner: AbortSignal) => {
        const url = sourceOf(settings, ports.codeHost(), repository).urlOf(repository);
        return backupRepository({ ...common, fullName: repository, url, signal: inner });
      },
    }));
    return await mirrorAll(jobs, signal);
  });
  const lines = outcomes.flatMap(({ repository, result, failure }) => {
    if (failure !== undefined) return [`${repository} failed: ${failure}`];
    if (result === undefined) return [`${repository} is unchanged: its newest backup holds what it shows now.`];
    const size = `${(result.sizeBytes / 1e6).toFixed(1)} MB, tier ${result.tier}`;
    return [...leftOutLines(result.leftOut), `${result.backupId} (${repository}) is proven: ${size}.`];
  });
  const printed = outcomes.map(({ repository, result, failure }) => ({ repository, ...result, failure }));
  printResult({ repositories: printed }, json, lines);
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0) throw new PromiseError(`${failed.length} of ${outcomes.length} repositories were not stored.`);
}
