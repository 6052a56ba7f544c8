import type { Clock } from "../../../clients/clock.ts";
import { withSession } from "../../../clients/database.ts";
import { PromiseError, UserError, messageOf } from "../../../clients/errors.ts";
import { ServiceError, UnreachableError } from "../../../clients/http.ts";
import { poll } from "../../../clients/polling.ts";
import type { Look, Patience } from "../../../clients/polling.ts";
import type { Reporter } from "../../../clients/reporter.ts";
import type { Supabase } from "../../../clients/supabase.ts";
import { RECOVERY_TIME_OBJECTIVES } from "../../../planning/objectives.ts";
import { countForSeed } from "../../database/catalog.ts";
import type { SeedCounts } from "../../database/catalog.ts";
import type { Confirm } from "../confirmation.ts";
import { choosePlatformSource, describeSource } from "./platformSource.ts";
import type { PlatformChoice, PlatformSource } from "./platformSource.ts";
import { readPlatformBackups } from "./platformBackups.ts";

/** Restore on the platform: which project, from what. */
export interface PlatformRestoreOptions {
  supabase: Supabase;
  ref: string;
  /** Connection string of the project's role `postgres`. */
  databaseUrl: string;
  choice: PlatformChoice;
  confirm: Confirm;
  clock: Clock;
  patience?: Patience;
  reporter: Reporter;
  signal?: AbortSignal | undefined;
}

/** What came of it. */
export interface PlatformRestoreResult extends SeedCounts {
  ref: string;
  /** In words; undefined where a restore that was under way already was waited for. */
  source: string | undefined;
  durationMs: number;
}

/** The database objective: a restore that takes longer has missed it, whatever comes of it. */
export const PLATFORM_PATIENCE: Patience = {
  firstMs: 1_000,
  longestMs: 15_000,
  limitMs: RECOVERY_TIME_OBJECTIVES.database,
};

const HEALTHY = "ACTIVE_HEALTHY";
const RESTORING = "RESTORING";
const OTHER_WAY =
  'The other way does not need Supabase\'s restore: make a new project and run "castchat-recovery restore", or bring up the standby.';

/**
 * Lets Supabase replace a project's database by one of its own backups, in place, and waits until it answers again. Asks
 * before anything is destroyed. A restore of the project that is under way already is waited for, none is begun anew: so the same
 * call goes on after an interruption. UserError where nothing can be begun; PromiseError when the restore fails, or still runs
 * once the patience has ended.
 */
export async function restorePlatform(options: PlatformRestoreOptions): Promise<PlatformRestoreResult> {
  const { supabase, ref, clock, reporter } = options;
  const signal = options.signal ?? new AbortController().signal;
  const inner = { ...options, signal, patience: options.patience ?? PLATFORM_PATIENCE };
  const startedAt = clock().getTime();
  const project = await supabase.project(ref, signal);
  if (project === undefined) throw new UserError(`Supabase has no project ${ref} that this token may see.`);
  let source: PlatformSource | undefined;
  let bootedBefore: string | undefined;
  if (project.status === RESTORING) {
    reporter(`Supabase restores ${ref} already: waiting for that, and beginning nothing`);
  } else {
    if (project.status !== HEALTHY)
      throw new UserError(`Supabase restores active projects alone: ${ref} is ${project.status}. ${OTHER_WAY}`);
    const holdings = await readPlatformBackups(supabase, ref, clock, signal);
    source = choosePlatformSource(holdings, options.choice);
    await options.confirm(dangerOf(ref, source, clock()));
    bootedBefore = await bootTime(options.databaseUrl, signal);
    reporter(`Asking Supabase to restore ${ref} to ${describeSource(source)}`);
    await begin(inner, source);
  }
  await waitForRestore(inner, { isSeen: source === undefined, bootedBefore });
  const counts = await waitForDatabase(inner, startedAt);
  return {
    ref,
    source: source && describeSource(source),
    durationMs: clock().getTime() - startedAt,
    ...counts,
  };
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

type Running = PlatformRestoreOptions & { signal: AbortSignal; patience: Patience };

/** Begins it once. Without an answer nobody knows whether it was begun: the project's own state then tells. */
async function begin({ supabase, ref, signal, reporter }: Running, source: PlatformSource): Promise<void> {
  try {
    if (source.kind === "daily") await supabase.restorePlatformBackup(ref, source.id, signal);
    else await supabase.restoreToInstant(ref, source.at, signal);
  } catch (error) {
    const isUncertain = error instanceof UnreachableError || (error instanceof ServiceError && error.status >= 500);
    if (!isUncertain) throw new UserError(`${messageOf(error)} Nothing was changed.`, { cause: error });
    const project = await supabase.project(ref, signal);
    if (project?.status !== RESTORING) {
      throw new PromiseError(
        `Supabase did not say whether it has begun, and does not restore ${ref} now (${project?.status ?? "gone"}): ${messageOf(error)} Look at its dashboard before it is tried again.`,
        { cause: error },
      );
    }
    reporter("Supabase gave no proper answer, but restores the project");
  }
}

/** Waits until the project is healthy again, and the restore was seen: by its state, or by a database server that was started anew. */
async function waitForRestore(
  running: Running,
  before: { isSeen: boolean; bootedBefore: string | undefined },
): Promise<void> {
  const { supabase, ref, databaseUrl, signal, patience, clock, reporter } = running;
  let { isSeen } = before;
  const look = async (): Promise<Look<undefined>> => {
    let status: string | undefined;
    try {
      status = (await supabase.project(ref, signal))?.status ?? "gone";
    } catch (error) {
      // The platform is in trouble, or it would not be restored from: its API may stumble.
      const passes = error instanceof UnreachableError || (error instanceof ServiceError && error.status >= 500);
      if (!passes) throw error;
      return { waitingFor: `Supabase's API to answer (${messageOf(error)})` };
    }
    if (status === RESTORING) isSeen = true;
    if (status.endsWith("_FAILED") || status === "gone" || status === "REMOVED")
      throw new PromiseError(`Supabase's restore of ${ref} has failed (${status}). ${OTHER_WAY}`);
    if (status !== HEALTHY) return { waitingFor: `Supabase (${status})` };
    if (!isSeen) {
      const booted = await bootTime(databaseUrl, signal);
      isSeen = booted !== undefined && booted !== before.bootedBefore;
    }
    return isSeen ? { done: undefined } : { waitingFor: "Supabase to begin" };
  };
  await poll(look, {
    patience,
    clock,
    signal,
    progress: (state) => reporter(`Waiting for ${state}`),
    onLimit: tooLong(ref),
  });
}

function tooLong(ref: string) {
  return (state: string, elapsedMs: number): PromiseError =>
    new PromiseError(
      `After ${Math.round(elapsedMs / 60_000)} min the restore of ${ref} is not done: it waits for ${state}. It goes on at Supabase by itself, and the same command waits on; ` +
        `such restores have hung for a day. ${OTHER_WAY}`,
    );
}

/** The guide's counts, once the database answers. */
async function waitForDatabase(running: Running, startedAt: number): Promise<SeedCounts> {
  const { databaseUrl, signal, patience, clock, reporter, ref } = running;
  const limitMs = Math.max(patience.firstMs * 2, patience.limitMs - (clock().getTime() - startedAt));
  const look = async (): Promise<Look<SeedCounts>> => {
    try {
      return {
        done: await withSession(databaseUrl, { applicationName: "castchat-recovery check", signal }, countForSeed),
      };
    } catch (error) {
      signal.throwIfAborted();
      return { waitingFor: `the database: ${messageOf(error)}` };
    }
  };
  return await poll(look, {
    patience: { ...patience, limitMs },
    clock,
    signal,
    progress: (state) => reporter(`Waiting for ${state}`),
    onLimit: (state) =>
      new PromiseError(
        `Supabase says that ${ref} is restored, but it can't be used: it waits for ${state} A password that was changed since the backup is the old one again.`,
      ),
  });
}

/** When the database server was started; undefined while it can't be asked. */
async function bootTime(databaseUrl: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const [row] = await withSession(databaseUrl, { applicationName: "castchat-recovery check", signal }, (session) =>
      session.query<{ at: string }>("select pg_postmaster_start_time()::text as at"),
    );
    return row?.at;
  } catch {
    // A database that is damaged is what this is for.
    signal.throwIfAborted();
    return undefined;
  }
}
