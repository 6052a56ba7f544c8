import type { Clock } from "../../../services/common/clock.ts";
import { messageOf, PromiseError, UserError } from "../../../services/common/errors.ts";
import type { Phase } from "../../../services/common/phases.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../../services/common/timing.ts";
import type { DatabaseHost } from "../../../services/databaseHost/databaseHost.ts";
import { ServiceError, UnreachableError } from "../../../services/http/http.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { ContentCounts } from "../../postgres/catalog/catalog.ts";
import { type Confirm, nameOf } from "../../postgres/session/confirmation.ts";
import { parseDatabaseUrl } from "../../postgres/session/databaseUrl.ts";
import { type BegunRun, type RecoveryRun, recoveryRun } from "../run/recoveryRun.ts";
import { readPlatformBackups } from "./platformBackups.ts";
import { choosePlatformSource, describeSource, type PlatformChoice, type PlatformSource } from "./platformSource.ts";
import { bootOf, CHECK_NAME, OTHER_WAY, waitForDatabase, waitForRestore } from "./platformWait.ts";

/** Restore on the platform: which project, from what. */
export interface PlatformRestoreOptions {
  databaseHost: DatabaseHost;
  /** Its recovery log takes down what came of the restore. */
  vault: Vault;
  ref: string;
  /** Connection string of the project's role `postgres`. */
  databaseUrl: string;
  choice: PlatformChoice;
  confirm: Confirm;
  clock: Clock;
  /** How long it waits, and for what. @default - the real one */
  timing?: Timing | undefined;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** What came of it. */
export interface PlatformRestoreResult extends ContentCounts {
  ref: string;
  /** In words; undefined where a restore that was under way already was waited for. */
  source: string | undefined;
  /** From the order on; how long people took to agree is in `durationMs` alone. */
  phases: readonly Phase[];
  durationMs: number;
  /** What went wrong beside the restore, in sentences. */
  notes: string[];
}

/**
 * Lets Supabase replace a project's database by one of its own backups, in place, and waits until it answers again. Asks
 * before anything is destroyed. A restore of the project that is under way already is waited for, none is begun anew: so the same
 * call goes on after an interruption. UserError where nothing can be begun; PromiseError when the restore fails, or still runs
 * once the patience has ended. Whatever came of an order is appended to the vault's recovery log.
 */
export async function restorePlatform(options: PlatformRestoreOptions): Promise<PlatformRestoreResult> {
  const { ref, databaseUrl, vault, clock, reporter, timing = realTiming } = options;
  const signal = options.signal ?? new AbortController().signal;
  const target = nameOf(parseDatabaseUrl(databaseUrl));
  const run = { what: "restore on the platform", target, vault, clock, reporter };
  return await recoveryRun(run, async (course) => {
    const counts = await orderAndWait({ ...options, signal, timing }, course);
    const { phases } = course.timer;
    return { ref, source: course.begun?.source, phases, durationMs: course.durationMs, ...counts, notes: [] };
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
        `${databaseHost.name} restores only active projects: ${ref} is ${project.status}. ${OTHER_WAY}`,
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
  const isWaitedFor = run.begun?.source === undefined;
  await timer.run(
    "restore",
    isWaitedFor
      ? `${databaseHost.name} restores ${ref} already: waiting for that, and beginning nothing`
      : `Waiting until ${databaseHost.name} has restored ${ref}`,
    () => waitForRestore(running, { isSeen: isWaitedFor, bootedBefore, orderedAt }),
  );
  return await timer.run("database", "Waiting until the database answers", () => waitForDatabase(running, startedAt));
}

/** What the log knows the restore by, from the order on. */
function begunFor(ref: string, source?: string): BegunRun {
  return { restoreId: `platform-${ref}`, by: CHECK_NAME, backupId: undefined, source };
}

function dangerOf(ref: string, source: PlatformSource, now: Date) {
  const minutes = Math.round((now.getTime() - source.at.getTime()) / 60_000);
  return {
    names: [ref],
    lines: [
      `This replaces the whole database of Supabase project ${ref}, accounts included, by ${describeSource(source)}.`,
      `Everything written since ${source.at.toISOString()} (${Math.floor(minutes / 60)} h ${minutes % 60} min) is lost for good, and the project is down meanwhile.`,
      "Passwords of database roles become those of then. Files in storage stay as they are: rows and files may no longer fit.",
    ],
  };
}

type Running = PlatformRestoreOptions & { signal: AbortSignal; timing: Timing };

/** Begins it once. Without an answer nobody knows whether it was begun: the project's own state then tells. */
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
        `${databaseHost.name} did not say whether it has begun, and does not restore ${ref} now (${project?.status ?? "gone"}): ${messageOf(error)} Look at its dashboard before it is tried again.`,
        { cause: error },
      );
    }
    reporter(`${databaseHost.name} gave no proper answer, but restores the project`);
  }
}
