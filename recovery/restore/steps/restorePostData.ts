import { workers } from "../../../services/common/pool.ts";
import { retry } from "../../../services/common/retry.ts";
import { forStandIn } from "../../postgres/catalog/standIn.ts";
import type { Session } from "../../postgres/session/database.ts";
import { isLostConnection, SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { type ArchiveEntry, readPostData } from "../archive/archiveScript.ts";
import { restoreScript } from "../archive/pgRestore.ts";
import { Schedule } from "../archive/schedule.ts";
import { confinedSql, listTablesOfOthers, withConfinement } from "../rights/confined.ts";
import { journaledScript } from "../run/journal.ts";
import { inOwnSession, type Restoring } from "../run/restoring.ts";

/** Sessions that build indexes and check constraints beside each other. */
const WORKERS = 3;
/** Steps of entries that name roles. */
const CONCERNS_ROLES = /^entry \d+ (ACL|DEFAULT ACL|POLICY) /;
/** For an entry that is rolled back by a deadlock with another one. */
const ATTEMPTS = 5;

/**
 * Makes indexes, constraints, triggers, policies and rights from an archive. Each entry is committed together with its line in the
 * journal, so that a resumed restore makes none twice and leaves none out. Several sessions make them in the order of {@link Schedule}.
 *
 * @param done steps that are in the target already
 */
export async function restorePostData(
  restoring: Restoring,
  dump: PrivateFile,
  done: ReadonlySet<string>,
): Promise<void> {
  const { session: leader, restoreId, manifest, signal } = restoring;
  const { list, sql } = await restoreScript({ ...restoring, dump, args: ["--section=post-data", "--verbose"] });
  const script = readPostData(sql, list, manifest.tables);
  for (const entry of [...script.beside, ...script.after])
    if (CONCERNS_ROLES.test(entry.step)) entry.sql = forStandIn(leader, entry.sql);
  const others = await listTablesOfOthers(leader);
  const owners: string[] = [];
  for (const entry of script.beside) {
    // An index runs the app's expressions as the table's owner, but a CHECK as the role that adds it.
    const owner = entry.checks === undefined ? undefined : others.get(entry.checks)?.owner;
    if (owner === undefined || done.has(entry.step)) continue;
    owners.push(owner);
    entry.sql = confinedSql(owner, entry.sql);
  }
  const left = (entries: readonly ArchiveEntry[]) => entries.filter((entry) => !done.has(entry.step));
  const work = new Schedule(left(script.beside));
  const inSession = (inner: AbortSignal, run: (session: Session) => Promise<void>) =>
    inOwnSession(restoring, { signal: inner, lockTimeoutMs: 0 }, async (session) => {
      await session.query(script.settings);
      await session.query("set maintenance_work_mem = '128MB'");
      await run(session);
    });
  const worker = (inner: AbortSignal) =>
    inSession(inner, async (session) => {
      for (let batch = await work.next(inner); batch !== undefined; batch = await work.next(inner)) {
        await makeBatch(session, restoreId, batch, inner);
        work.finish(batch);
      }
    });
  await withConfinement(leader, owners, () => workers(Math.min(WORKERS, work.size), signal, worker));
  const last = left(script.after);
  if (last.length === 0) return;
  await inSession(signal, async (session) => {
    for (const entry of last) await make(session, restoreId, entry, signal);
  });
}

/** Makes entries in one transaction. If one fails, each is made by itself, so that the error is that of the entry. */
async function makeBatch(
  session: Session,
  restoreId: string,
  batch: readonly ArchiveEntry[],
  signal: AbortSignal,
): Promise<void> {
  if (batch.length > 1) {
    try {
      await journaledScript(session, restoreId, batch);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (isLostConnection(error)) throw error;
    }
  }
  for (const entry of batch) await make(session, restoreId, entry, signal);
}

async function make(session: Session, restoreId: string, entry: ArchiveEntry, signal: AbortSignal): Promise<void> {
  await retry(() => journaledScript(session, restoreId, [entry]), {
    attempts: ATTEMPTS,
    pauseMs: (error, attempt) =>
      sqlStateOf(error) === SQLSTATE.DEADLOCK_DETECTED ? session.timing.deadlockPauseMs * attempt : undefined,
    signal,
  });
}
