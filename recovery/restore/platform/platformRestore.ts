import { messageOf, PromiseError, UserError } from "../../../services/common/errors.ts";
import type { Phase } from "../../../services/common/phases.ts";
import { realTiming } from "../../../services/common/timing.ts";
import { ServiceError, UnreachableError } from "../../../services/http/http.ts";
import type { ContentCounts } from "../../postgres/catalog/catalog.ts";
import { type Confirm, nameOf } from "../../postgres/session/confirmation.ts";
import { parseDatabaseUrl } from "../../postgres/session/databaseUrl.ts";
import { type BegunRun, type RecoveryRun, recoveryRun } from "../run/recoveryRun.ts";
import type { RestoreFrom } from "../run/restoreOptions.ts";
import { readPlatformBackups } from "./platformBackups.ts";
import { choosePlatformSource, describeSource, type PlatformChoice, type PlatformSource } from "./platformSource.ts";
import { bootOf, CHECK_NAME, OTHER_WAY, waitForDatabase, waitForRestore, type Waiting } from "./platformWait.ts";

/** Which project Supabase restores, and to which state. */
export interface PlatformRestoreOptions
  extends Omit<Waiting, "timing" | "signal">, Pick<RestoreFrom, "vault" | "timing" | "signal"> {
  choice: PlatformChoice;
  confirm: Confirm;
}

/** The outcome of a restore on the platform. */
export interface PlatformRestoreResult extends ContentCounts {
  ref: string;
  /** In words. Undefined if another call had ordered the restore. */
  source: string | undefined;
  /** From the order on. Only `durationMs` includes the confirmation. */
  phases: readonly Phase[];
  durationMs: number;
  /** Failures outside the restore, in sentences. */
  notes: string[];
}

/**
 * Lets Supabase replace a project's database in place with one of its own backups, and waits until it answers again. Asks before anything
 * is destroyed. If a restore of the project is under way already, waits for that one, so the same call continues after an interruption.
 * UserError if no restore can be ordered. PromiseError if the restore fails or takes longer than the time limit. The outcome of an order is
 * appended to the vault's recovery log.
 */
export async function restorePlatform(options: PlatformRestoreOptions): Promise<PlatformRestoreResult> {
  const { ref, vault, clock, reporter, timing = realTiming, signal = new AbortController().signal } = options;
  const target = nameOf(parseDatabaseUrl(options.databaseUrl));
  return await recoveryRun({ what: "restore on the platform", target, vault, clock, reporter }, async (run) => {
    const counts = await orderAndWait({ ...options, signal, timing }, run);
    const { phases } = run.timer;
    return { ref, source: run.begun?.source, phases, durationMs: run.durationMs, ...counts, notes: [] };
  });
}

async function orderAndWait(running: Running, run: RecoveryRun): Promise<ContentCounts> {
  const { databaseHost, ref, clock, signal } = running;
  const { timer } = run;
  const startedAt = clock().getTime();
  const project = await databaseHost.project(ref, signal);
  if (project === undefined) throw new UserError(`${databaseHost.name} has no project ${ref} that this token may see.`);
  let bootedBefore: string | undefined;
  let orderedAt = clock();
  if (project.state === "restoring") {
    run.begin(begunFor(ref));
  } else {
    if (project.state !== "healthy")
      throw new UserError(
        `${databaseHost.name} restores only active projects, and ${ref} is ${project.status}. ${OTHER_WAY}`,
      );
    const holdings = await readPlatformBackups(databaseHost, ref, clock, signal);
    const source = choosePlatformSource(holdings, running.choice);
    await running.confirm(dangerOf(ref, source, clock()));
    bootedBefore = (await bootOf(running))?.at;
    orderedAt = clock();
    run.begin(begunFor(ref, describeSource(source)));
    await timer.run("order", `Asking ${databaseHost.name} to restore ${ref} to ${describeSource(source)}`, () =>
      begin(running, source),
    );
  }
  const isSeen = run.begun?.source === undefined;
  const sentence = isSeen
    ? `${databaseHost.name} restores ${ref} already. Waiting for that, without another order`
    : `Waiting until ${databaseHost.name} has restored ${ref}`;
  await timer.run("restore", sentence, () => waitForRestore(running, { isSeen, bootedBefore, orderedAt }));
  return await timer.run("database", "Waiting until the database answers", () => waitForDatabase(running, startedAt));
}

/** What identifies the restore in the log, from the order on. */
function begunFor(ref: string, source?: string): BegunRun {
  return { restoreId: `platform-${ref}`, by: CHECK_NAME, backupId: undefined, source };
}

function dangerOf(ref: string, source: PlatformSource, now: Date) {
  const minutes = Math.round((now.getTime() - source.at.getTime()) / 60_000);
  return {
    names: [ref],
    lines: [
      `This replaces the whole database of Supabase project ${ref}, accounts included, with ${describeSource(source)}.`,
      `Everything written since ${source.at.toISOString()} (${Math.floor(minutes / 60)} h ${minutes % 60} min) is lost for good. The project is down meanwhile.`,
      "Database roles get their passwords of that time. Files in storage stay as they are, so rows and files may no longer match.",
    ],
  };
}

type Running = PlatformRestoreOptions & Waiting;

/** Orders the restore once. Without a clear answer, the project's state shows whether the restore has begun. */
async function begin({ databaseHost, ref, signal, reporter }: Running, source: PlatformSource): Promise<void> {
  try {
    if (source.kind === "daily") await databaseHost.restorePlatformBackup(ref, source.id, signal);
    else await databaseHost.restoreToInstant(ref, source.at, signal);
  } catch (error) {
    const isUncertain = error instanceof UnreachableError || (error instanceof ServiceError && error.status >= 500);
    if (!isUncertain) throw new UserError(`${messageOf(error)} Nothing was changed.`, { cause: error });
    const project = await databaseHost.project(ref, signal);
    if (project?.state !== "restoring") {
      throw new PromiseError(
        `${databaseHost.name} did not say whether it has begun the restore, and does not restore ${ref} now (${project?.status ?? "gone"}): ${messageOf(error)} Look at its dashboard before you try again.`,
        { cause: error },
      );
    }
    reporter(`${databaseHost.name} gave no clear answer, but restores the project`);
  }
}
