import { sleep, type Timing } from "../../services/common/timing.ts";
import type { Session } from "../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";
import { rollBack } from "../postgres/session/transaction.ts";

/** A session that waits for a lock of ours, and what it waits in. */
export interface Waiter {
  pid: number;
  /** The server's name of its transaction ("5/1234"), which every role may see. */
  transaction: string;
}

/** This run is in somebody's way, or somebody in its: it must end, and may begin anew with another snapshot. */
export class GiveWay extends Error {
  override readonly name = "GiveWay";
  /** Who waited for us when the run let go; none where nobody did. */
  waiters: readonly Waiter[] = [];

  constructor(options?: ErrorOptions) {
    super("another session waits for a table that the backup reads", options);
  }
}

/** How long each session has waited behind a run, by its process id, in milliseconds; kept over all attempts of the run. */
export type WaitedMs = Map<number, number>;

/** Whether an error says that a lock could not be taken in time. */
export function isLockRefusal(error: unknown): boolean {
  const code = sqlStateOf(error);
  if (code === SQLSTATE.LOCK_NOT_AVAILABLE || code === SQLSTATE.DEADLOCK_DETECTED) return true;
  // pg_dump repeats only the server's words, and bounds its wait for locks by a statement timeout.
  return /statement timeout[^]*LOCK TABLE/.test((error as Partial<Error>).message ?? "");
}

interface Look {
  /** Who waits for a lock of ours, or behind somebody who does. */
  pids: number[];
  /** Those of them who wait for us and not for somebody between. */
  direct: Waiter[];
  /** One of ours waits for something that the leading session doesn't hold: whoever has it may come to wait for us. */
  oursWait: boolean;
}

/**
 * Watches from the leading session, until `signal` aborts, that nobody waits behind ours, known by their application name. Throws
 * {@link GiveWay} once a session has waited for as long as it may in all, over every attempt of the run; and at once where somebody
 * waits while one of ours waits as well: the two could wait for each other, and the server might end the other's transaction.
 */
export async function watchForWaiters(
  session: Session,
  applicationName: string,
  waited: WaitedMs,
  { waiterPatienceMs, lookEveryMs }: Timing,
  signal: AbortSignal,
): Promise<undefined> {
  for (let lastAt = performance.now(); !signal.aborted;) {
    const { pids, oursWait } = await session.promptly(() => look(session, applicationName));
    const now = performance.now();
    for (const pid of pids) waited.set(pid, (waited.get(pid) ?? 0) + now - lastAt);
    lastAt = now;
    if (pids.length > 0 && oursWait) throw new GiveWay();
    if (pids.some((pid) => (waited.get(pid) ?? 0) >= waiterPatienceMs)) throw new GiveWay();
    await sleep(lookEveryMs, signal).catch(() => undefined);
  }
  return undefined;
}

/**
 * Lets go of every lock of the run, those of the readers and of pg_dump first: what is left of them in a queue would else wait
 * for the one that it gave way to, and that one for it. Returns who waited.
 */
export async function letGo(session: Session, applicationName: string): Promise<readonly Waiter[]> {
  try {
    const { direct } = await look(session, applicationName);
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
 * Waits until the transactions of those who waited have ended, so that a migration that changes several tables in turn is not
 * met again at the next one; not for longer than the lock patience, since some sessions never end theirs.
 */
export async function untilEnded(
  session: Session,
  waiters: readonly Waiter[],
  { lockPatienceMs, lookEveryMs }: Timing,
  signal: AbortSignal,
): Promise<void> {
  for (const deadline = performance.now() + lockPatienceMs; waiters.length > 0 && performance.now() < deadline;) {
    // CREATE INDEX CONCURRENTLY is several transactions, and keeps its lock on the table between them.
    const rest = await session.query(
      `select from pg_catalog.pg_locks where virtualtransaction = any ($1) or pid = any ($2) and locktype = 'relation' and granted
         and mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') limit 1`,
      [waiters.map(({ transaction }) => transaction), waiters.map(({ pid }) => pid)],
    );
    if (rest.length === 0) return;
    await sleep(lookEveryMs, signal);
  }
}

/** What the server may show of a session that gives itself this name: pg_dump can't undo what Supabase's pooler puts before it. */
function namesOf(applicationName: string): string[] {
  return [applicationName, `Supavisor - ${applicationName}`];
}

async function look(session: Session, applicationName: string): Promise<Look> {
  // Within a transaction the server shows the same sessions again and again.
  await session.query("select pg_catalog.pg_stat_clear_snapshot()");
  const [found] = await session.query<{ pids: number[]; direct: Waiter[]; ours: boolean }>(
    `with recursive locks as materialized (select pid, virtualtransaction, relation, granted from pg_catalog.pg_locks),
       ours as materialized (select pid from pg_catalog.pg_stat_activity where application_name = any ($1)),
       waiting as materialized (select distinct pid, virtualtransaction, pg_catalog.pg_blocking_pids(pid) as behind from locks where not granted),
       direct as (select pid, virtualtransaction from waiting
         where behind && array(select pid from ours) and pid <> all (array(select pid from ours))),
       everyone as (select pid from direct
         union select w.pid from everyone e join waiting w on e.pid = any (w.behind) and w.pid <> all (array(select pid from ours)))
     select array(select pid from everyone) as pids,
       (select coalesce(jsonb_agg(jsonb_build_object('pid', pid, 'transaction', virtualtransaction)), '[]') from direct) as direct,
       exists (select from locks l join ours using (pid) where not l.granted and not exists (
         select from locks held where held.pid = pg_catalog.pg_backend_pid() and held.granted and held.relation = l.relation)) as ours`,
    [namesOf(applicationName)],
  );
  if (found === undefined) throw new Error("the server tells nothing about its locks");
  return { pids: found.pids, direct: found.direct, oursWait: found.ours };
}
