import type { Clock } from "../../../services/common/clock.ts";
import { messageOf, PromiseError } from "../../../services/common/errors.ts";
import { type Look, poll } from "../../../services/common/polling.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import type { Timing } from "../../../services/common/timing.ts";
import type { DatabaseHost, DatabaseProject } from "../../../services/databaseHost/databaseHost.ts";
import { ServiceError, UnreachableError } from "../../../services/http/http.ts";
import { type ContentCounts, countContent } from "../../postgres/catalog/catalog.ts";
import { withSession } from "../../postgres/session/database.ts";

/** What to do where Supabase can't or won't. */
export const OTHER_WAY =
  'The other way does not need Supabase\'s restore: make a new project and run "castchat-recovery restore", or bring up the standby.';

/** Name of the sessions that only look, in pg_stat_activity. */
export const CHECK_NAME = "castchat-recovery check";

/** Whose restore is waited for, and for how long. */
export interface Waiting {
  databaseHost: Pick<DatabaseHost, "name" | "project">;
  ref: string;
  /** Connection string of the project's role `postgres`. */
  databaseUrl: string;
  clock: Clock;
  timing: Timing;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Waits until the project is healthy again, and the restore was seen: by its state, or by a database server that was started anew. */
export async function waitForRestore(
  waiting: Waiting,
  before: { isSeen: boolean; bootedBefore: string | undefined; orderedAt: Date },
): Promise<void> {
  const { databaseHost, ref, signal, timing, clock, reporter } = waiting;
  let { isSeen } = before;
  const look = async (): Promise<Look<undefined>> => {
    let project: DatabaseProject | undefined;
    try {
      project = await databaseHost.project(ref, signal);
    } catch (error) {
      // The platform is in trouble, or it would not be restored from: its API may stumble.
      const passes = error instanceof UnreachableError || (error instanceof ServiceError && error.status >= 500);
      if (!passes) throw error;
      return { waitingFor: `${databaseHost.name}'s API to answer (${messageOf(error)})` };
    }
    if (project === undefined || project.state === "failed" || project.state === "pause failed")
      throw new PromiseError(
        `${databaseHost.name}'s restore of ${ref} has failed (${project?.status ?? "gone"}). ${OTHER_WAY}`,
      );
    if (project.state === "restoring") isSeen = true;
    if (project.state !== "healthy") return { waitingFor: `${databaseHost.name} (${project.status})` };
    if (!isSeen) {
      const booted = await bootOf(waiting);
      // Where nobody could ask before the order, a server that answers now may well be the one that has run all the time.
      const sinceOrderMs = clock().getTime() - before.orderedAt.getTime();
      const isAnew =
        before.bootedBefore === undefined
          ? (booted?.upMs ?? Infinity) < sinceOrderMs
          : booted?.at !== before.bootedBefore;
      isSeen = booted !== undefined && isAnew;
    }
    return isSeen ? { done: undefined } : { waitingFor: `${databaseHost.name} to begin` };
  };
  await poll(look, {
    patience: timing.platformRestore,
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
export async function waitForDatabase(waiting: Waiting, startedAt: number): Promise<ContentCounts> {
  const { databaseUrl, signal, timing, clock, reporter, ref } = waiting;
  const patience = timing.platformRestore;
  const limitMs = Math.max(patience.firstMs * 2, patience.limitMs - (clock().getTime() - startedAt));
  const look = async (): Promise<Look<ContentCounts>> => {
    try {
      return {
        done: await withSession(databaseUrl, { applicationName: CHECK_NAME, signal, timing }, countContent),
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

/** When the database server was started, as it says itself, and for how long it has run by its own clock. */
export interface Boot {
  at: string;
  upMs: number;
}

/** The same of a server; undefined while it can't be asked. */
export async function bootOf({ databaseUrl, signal, timing }: Waiting): Promise<Boot | undefined> {
  try {
    const [row] = await withSession(databaseUrl, { applicationName: CHECK_NAME, signal, timing }, (session) =>
      session.query<Boot>(
        `select pg_postmaster_start_time()::text as at,
           (extract(epoch from clock_timestamp() - pg_postmaster_start_time()) * 1000)::float8 as "upMs"`,
      ),
    );
    return row;
  } catch {
    // A database that is damaged is what this is for.
    signal.throwIfAborted();
    return undefined;
  }
}
