import { messageOf, PromiseError } from "../../../services/common/errors.ts";
import { type Look, poll } from "../../../services/common/polling.ts";
import type { Timing } from "../../../services/common/timing.ts";
import type { DatabaseHost, DatabaseProject } from "../../../services/databaseHost/databaseHost.ts";
import { ServiceError, UnreachableError } from "../../../services/http/http.ts";
import { type ContentCounts, countContent } from "../../postgres/catalog/catalog.ts";
import { withSession } from "../../postgres/session/database.ts";
import type { RestoreFrom } from "../run/restoreOptions.ts";

/** What to do if Supabase cannot restore. */
export const OTHER_WAY =
  "To recover without Supabase's restore, create a new project and run `castchat-recovery restore`, or bring up the standby.";

/** Name of the sessions that only read, in pg_stat_activity. */
export const CHECK_NAME = "castchat-recovery check";

/** The project whose restore is waited for. */
export interface Waiting extends Pick<RestoreFrom, "clock" | "reporter"> {
  databaseHost: DatabaseHost;
  ref: string;
  /** Connection string of the project's role `postgres`. */
  databaseUrl: string;
  timing: Timing;
  signal: AbortSignal;
}

/**
 * Waits until the project is healthy and the restore was seen: by the project's state, or by a restart of the database server. PromiseError
 * if the restore fails, or does not end in time.
 */
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
      // The platform may be in trouble, so errors of its API are expected.
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
      // If the server did not answer before the order, it may be one that has run all the time.
      const sinceOrderMs = clock().getTime() - before.orderedAt.getTime();
      const { bootedBefore } = before;
      isSeen =
        booted !== undefined && (bootedBefore === undefined ? booted.upMs < sinceOrderMs : booted.at !== bootedBefore);
    }
    return isSeen ? { done: undefined } : { waitingFor: `${databaseHost.name} to begin` };
  };
  const onLimit = (state: string, elapsedMs: number) =>
    new PromiseError(
      `After ${Math.round(elapsedMs / 60_000)} min the restore of ${ref} is not done: it waits for ${state}. Supabase continues with it. To keep waiting, run the same command again. ` +
        `Such restores have hung for a day. ${OTHER_WAY}`,
    );
  const progress = (state: string) => reporter(`Waiting for ${state}`);
  await poll(look, { patience: timing.platformRestore, clock, signal, progress, onLimit });
}

/**
 * Returns the counts of docs/objectives.md, once the database answers. PromiseError if it does not in time.
 *
 * @param startedAt milliseconds; the time since then counts
 */
export async function waitForDatabase(waiting: Waiting, startedAt: number): Promise<ContentCounts> {
  const { databaseUrl, signal, timing, clock, reporter, ref } = waiting;
  const patience = timing.platformRestore;
  const limitMs = Math.max(patience.firstMs * 2, patience.limitMs - (clock().getTime() - startedAt));
  const look = async (): Promise<Look<ContentCounts>> => {
    try {
      return { done: await withSession(databaseUrl, { applicationName: CHECK_NAME, signal, timing }, countContent) };
    } catch (error) {
      signal.throwIfAborted();
      return { waitingFor: `the database: ${messageOf(error)}` };
    }
  };
  const onLimit = (state: string) =>
    new PromiseError(
      `Supabase reports that ${ref} is restored, but it can't be used: it waits for ${state} If a password was changed since the backup, the old one is valid again.`,
    );
  const progress = (state: string) => reporter(`Waiting for ${state}`);
  return await poll(look, { patience: { ...patience, limitMs }, clock, signal, progress, onLimit });
}

/** When the database server says that it was started, and for how long it has run by its own clock. */
export interface Boot {
  at: string;
  upMs: number;
}

/** The start of the project's database server. Undefined while the server does not answer. */
export async function bootOf({ databaseUrl, signal, timing }: Waiting): Promise<Boot | undefined> {
  const query = `select pg_postmaster_start_time()::text as at,
    (extract(epoch from clock_timestamp() - pg_postmaster_start_time()) * 1000)::float8 as "upMs"`;
  try {
    const options = { applicationName: CHECK_NAME, signal, timing };
    const [row] = await withSession(databaseUrl, options, (session) => session.query<Boot>(query));
    return row;
  } catch {
    // The database may be damaged, which is why it is restored.
    signal.throwIfAborted();
    return undefined;
  }
}
