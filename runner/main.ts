import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import { backup } from "../recovery/backup/backup.ts";
import { failureText, leftOutLines } from "../recovery/backup/leftOutText.ts";
import { collectConfiguration, type StoredSource } from "../recovery/configuration/configuration.ts";
import { sealedNamesOf } from "../recovery/environment/sealedNames.ts";
import { readStackState } from "../recovery/pulumi/stackState.ts";
import { systemClock } from "../services/common/clock.ts";
import { messageOf, PromiseError, UserError } from "../services/common/errors.ts";
import { visible } from "../services/common/visibleText.ts";
import { openerOf, sealerTo } from "../services/vault/encryption.ts";
import { ownTokenOfRuns, serviceOfToken } from "../settings/runnerSettings.ts";
import { readInput, type RunnerInput } from "./input.ts";

const unzipped = promisify(gunzip);

/**
 * One scheduled run, as a program of its own: `node runner.mjs`. It needs Node and the PostgreSQL client programs, nothing of the
 * repository, and reads everything from environment variables. Exit codes are the command line's: 0 a proven backup with everything, 1 no
 * proven backup, or one that lacks what a service did not return, 2 wrong set-up, 130 interrupted.
 */
async function main(): Promise<void> {
  const input = readInput(process.env);
  const controller = new AbortController();
  const stop = () => controller.abort(new DOMException("interrupted", "AbortError"));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  say(`Backing up stack ${input.settings.stack} into ${input.settings.vaultBucket}`);
  for (const token of input.lacks)
    say(
      `This run has no ${token}. Set ${ownTokenOfRuns(token)} to one with the rights that docs/accounts.md lists, and type: castchat-recovery schedule rotate ${serviceOfToken(token)} -s ${input.settings.stack}`,
    );
  const result = await backUp(input, controller.signal);
  say(
    `${result.backupId} is proven: ${result.tables} tables, ${result.rows} rows, ${(result.sizeBytes / 1e6).toFixed(1)} MB, tier ${result.tier}, ${(result.durationMs / 1000).toFixed(1)} s`,
  );
  for (const line of leftOutLines(result.leftOut)) say(line);
  const failure = failureText(result.backupId, result.leftOut);
  if (failure !== undefined) throw new PromiseError(failure);
}

async function backUp({ settings, databaseUrl, ports }: RunnerInput, signal: AbortSignal) {
  const { ageRecipients, criticalTables, shrinkPercent, tiers } = settings;
  const vault = ports.vault(settings.vaultBucket);
  const signer = ports.signer(settings.signingKeyArn);
  const opener = await openerOf(process.env);
  const trustedKeys = [...settings.trustedWriterKeys, await signer.publicKeyPem()];
  const source = { vault, trustedKeys, tiers, clock: systemClock, opener, signal };
  const sources = {
    ...settings,
    readState: () => readState(settings),
    readSource: () => readSource(settings),
    sealedNames: (project: string) => sealedNamesOf(source, settings.appNames?.[project]),
  };
  return backup({
    databaseUrl,
    vault,
    signer,
    trustedKeys: settings.trustedWriterKeys,
    tiers,
    criticalTables,
    shrinkPercent,
    sealer: await sealerTo(ageRecipients),
    opener,
    clock: systemClock,
    configuration: (isSealed) => collectConfiguration({ ...ports, clock: systemClock }, sources, signal, isSealed),
    project: ports.projectContent(settings.supabaseRef),
    reporter: say,
    signal,
  });
}

/** Pulumi's state, as it is stored: its secrets stay encrypted, so the run needs neither the stack's key nor an engine. */
async function readState({ state, stack }: RunnerInput["settings"]): Promise<object> {
  if (state !== undefined) return await readStackState(state.backend, state.project, stack);
  throw new Error(
    "the last `pulumi up` did not name a backend that a run can read. Set PULUMI_BACKEND_URL (s3://…) there; `castchat-recovery backup` stores the state too",
  );
}

/** This repository's files, which `pulumi up` put beside this program. */
async function readSource({ source }: RunnerInput["settings"]): Promise<StoredSource> {
  if (source === undefined)
    throw new Error(
      "the last `pulumi up` ran outside of a git checkout. Run it in one; the runbook says how to make one",
    );
  return { commit: source.commit, tar: await unzipped(await readFile(join(import.meta.dirname, source.file))) };
}

/** One line of the run's log. */
function say(message: string): void {
  process.stdout.write(`${systemClock().toISOString()} ${visible(message)}\n`);
}

try {
  await main();
} catch (error) {
  const interrupted = error instanceof Error && error.name === "AbortError";
  say(interrupted ? "Interrupted: this run has stored no backup" : `Failed: ${messageOf(error)}`);
  process.exitCode = interrupted ? 130 : error instanceof UserError ? 2 : 1;
}
