import { sleep, type Timing } from "../../services/common/timing.ts";
import type { Session } from "../postgres/session/database.ts";
import { tableKey } from "../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";
import { rollBack } from "../postgres/session/transaction.ts";
import { FIRST_WORDS, TABLE_OF_LOCK, type Waiter } from "./waiter.ts";

/** The run blocks another session, or another session blocks the run. The attempt must end, and may be repeated with another snapshot. */
export class LockConflict extends Error {
  override readonly name = "LockConflict";
  /** The sessions that waited for the run when it released its locks. */
  waiters: readonly Waiter[] = [];

  constructor(options?: ErrorOptions) {
    super("another session waits for a table that the backup reads", options);
  }
}

/** The session that held contended tables for the snapshot is lost, and its locks with it. The attempt must end. */
export class LocksLost extends Error {
  override readonly name = "LocksLost";
}

/** What a run has learned about other sessions, over all of its attempts. */
export class Contention {
  /** How long each session has waited behind the run, in milliseconds by process id. */
  readonly waitedMs = new Map<number, number>();
  /** Tables and views that sessions lock exclusively while the run reads, by {@link tableKey}. */
  readonly relations = new Map<string, { schema: string; name: string }>();

  add(relations: readonly { schema: string; name: string }[]): void {
    for (const relation of relations) this.relations.set(tableKey(relation), relation);
  }
}

/** Whether an error says that a lock could not be taken in time. */
export function isLockRefusal(error: unknown): boolean {
  const code = sqlStateOf(error);
  if (code === SQLSTATE.LOCK_NOT_AVAILABLE || code === SQLSTATE.DEADLOCK_DETECTED) return true;
  // pg_dump repeats only the server's message, and bounds its wait for locks by a statement timeout.
  return /statement timeout[^]*LOCK TABLE/.test((error as Partial<Error>).message ?? "");
}

interface Look {
  /** Sessions that wait for a lock of the run, or behind a session that does. */
  pids: number[];
  /** The sessions among them that wait for the run itself. */
  direct: Waiter[];
  /** Whether a session of the run waits for a lock that no other session of the run holds. The holder could come to wait for the run. */
  oursWait: boolean;
}

/** The run that is watched, and the session that watches. */
export interface Watch {
  /** The leading session, which is idle meanwhile. */
  session: Session;
  /** The application name of all of the run's sessions. */
  applicationName: string;
  contention: Contention;
  timing: Timing;
}

/**
 * Runs work while the leading session checks whether other sessions wait for the run. Before it throws {@link LockConflict}, all of the
 * run's sessions have released their locks. No part of the work continues in the background.
 */
export async function underWatch<T>(
  watch: Watch,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const finished = new AbortController();
  const failure = new AbortController();
  const inner = AbortSignal.any([signal, failure.signal]);
  const working = work(inner).finally(() => finished.abort());
  const watching = watchForWaiters(watch, AbortSignal.any([inner, finished.signal]));
  try {
    const [result] = await Promise.all([working, watching]);
    return result;
  } catch (error) {
    failure.abort(error);
    const reason = isLockRefusal(error) ? new LockConflict({ cause: error }) : error;
    // The leading session runs one query at a time.
    await watching.catch(() => undefined);
    try {
      if (reason instanceof LockConflict && !signal.aborted) reason.waiters = await releaseLocks(watch);
    } finally {
      await Promise.allSettled([working]);
    }
    signal.throwIfAborted();
    throw reason;
  }
}

/**
 * Watches from the leading session until `signal` aborts, and throws {@link LockConflict} if the run blocks other sessions for too long.
 * The time that a session has waited counts over all attempts of the run. If a session of the run waits as well, it throws at once: the two
 * could deadlock, and PostgreSQL might cancel the other one. The run's sessions are found by their application name.
 */
async function watchForWaiters(
  { session, applicationName, contention, timing }: Watch,
  signal: AbortSignal,
): Promise<undefined> {
  const { waiterPatienceMs, lookEveryMs } = timing;
  for (let lastAt = performance.now(); !signal.aborted;) {
    const { pids, direct, oursWait } = await session.promptly(() => look(session, applicationName));
    const { waitedMs } = contention;
    const now = performance.now();
    for (const pid of pids) waitedMs.set(pid, (waitedMs.get(pid) ?? 0) + now - lastAt);
    for (const { tables } of direct) contention.add(tables);
    lastAt = now;
    if (pids.length > 0 && oursWait) throw new LockConflict();
    if (pids.some((pid) => (waitedMs.get(pid) ?? 0) >= waiterPatienceMs)) throw new LockConflict();
    await sleep(lookEveryMs, signal).catch(() => undefined);
  }
  return undefined;
}

/**
 * Releases every lock of the run. Readers and pg_dump are terminated first: a reader still queued for a lock would deadlock with the
 * session that the run yields to. Returns the sessions that waited.
 */
async function releaseLocks({ session, applicationName, contention }: Watch): Promise<readonly Waiter[]> {
  try {
    const { direct } = await look(session, applicationName);
    for (const { tables } of direct) contention.add(tables);
    await session.query(
      `select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
       where application_name = any ($1) and pid <> pg_catalog.pg_backend_pid() and usename = current_user`,
      [namesOf(applicationName)],
    );
    return direct;
  } finally {
    await rollBack(session);
  }
}

/**
 * Waits until the transactions of these sessions have ended, so that the next attempt does not meet the same migration at its next table.
 * Meanwhile it learns which other tables they lock exclusively. Some sessions never end their transaction, so it waits at most
 * `lockPatienceMs`.
 */
export async function untilEnded(
  session: Session,
  waiters: readonly Waiter[],
  contention: Contention,
  { lockPatienceMs, lookEveryMs }: Timing,
  signal: AbortSignal,
): Promise<void> {
  for (const deadline = performance.now() + lockPatienceMs; waiters.length > 0 && performance.now() < deadline;) {
    // CREATE INDEX CONCURRENTLY runs several transactions, and keeps its lock on the table between them.
    const rest = await session.query<{ table: { schema: string; name: string } | null; excludes: boolean }>(
      `select ${TABLE_OF_LOCK} as table, l.mode = 'AccessExclusiveLock' as excludes from pg_catalog.pg_locks l
       where l.virtualtransaction = any ($1) or l.pid = any ($2) and l.locktype = 'relation' and l.granted
         and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
      [waiters.map(({ transaction }) => transaction), waiters.map(({ pid }) => pid)],
    );
    contention.add(rest.flatMap(({ table, excludes }) => (excludes && table !== null ? [table] : [])));
    if (rest.length === 0) return;
    await sleep(lookEveryMs, signal);
  }
}

/** The names that the server may show for the run's sessions. Supabase's pooler adds a prefix, which pg_dump cannot undo. */
function namesOf(applicationName: string): string[] {
  return [applicationName, `Supavisor - ${applicationName}`];
}

async function look(session: Session, applicationName: string): Promise<Look> {
  // Within a transaction the server repeats the first answer.
  await session.query("select pg_catalog.pg_stat_clear_snapshot()");
  const [found] = await session.query<{ pids: number[]; direct: Waiter[]; ours: boolean }>(
    `with recursive locks as materialized (select pid, virtualtransaction, locktype, database, relation, granted from pg_catalog.pg_locks),
       ours as materialized (select pid from pg_catalog.pg_stat_activity where application_name = any ($1)),
       waiting as materialized (select distinct pid, virtualtransaction, pg_catalog.pg_blocking_pids(pid) as behind from locks where not granted),
       direct as (select pid, virtualtransaction from waiting
         where behind && array(select pid from ours) and pid <> all (array(select pid from ours))),
       everyone as (select pid from direct
         union select w.pid from everyone e join waiting w on e.pid = any (w.behind) and w.pid <> all (array(select pid from ours)))
     select array(select pid from everyone) as pids,
       (select coalesce(jsonb_agg(jsonb_build_object('pid', d.pid, 'transaction', d.virtualtransaction,
           'program', coalesce(a.application_name, ''), 'user', coalesce(a.usename::text, ''), 'words', coalesce(${FIRST_WORDS}, ''),
           'tables', (select coalesce(jsonb_agg(t.found) filter (where t.found is not null), '[]')
             from (select distinct ${TABLE_OF_LOCK} as found from locks l where l.pid = d.pid and not l.granted) t))), '[]')
         from direct d left join pg_catalog.pg_stat_activity a using (pid)) as direct,
       exists (select from locks l join ours using (pid) where not l.granted and not exists (
         select from locks held where held.pid in (select pid from ours) and held.granted and held.relation = l.relation)) as ours`,
    [namesOf(applicationName)],
  );
  if (found === undefined) throw new Error("the server returned no row about its locks");
  return { pids: found.pids, direct: found.direct, oursWait: found.ours };
}
