import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { sleep, type Timing } from "../../services/common/timing.ts";
import type { Session } from "../postgres/session/database.ts";
import { GiveWay, untilEnded, type Waiter } from "./giveWay.ts";
import type { RunSession } from "./runSession.ts";

const ATTEMPTS = 3;

/** What a run is begun anew with. */
export interface AttemptsOptions {
  run: RunSession;
  timing: Timing;
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * Reads the database, and begins anew with another snapshot when the run is in somebody's way or has lost the session that held
 * the snapshot. It waits for the transactions of those whom it gave way to. Chunks that fail while the leading session lives are
 * tried again by their readers.
 */
export async function inAttempts<T>(
  { run, timing, reporter, signal }: AttemptsOptions,
  read: (session: Session, attempt: number) => Promise<T>,
): Promise<T> {
  // A wrong address or password is told at once; later the server was there a moment ago.
  const first = await run.ready();
  let waiters: readonly Waiter[] = [];
  for (let attempt = 1; ; attempt += 1) {
    let reason: string;
    let cause: unknown;
    try {
      const session = attempt === 1 ? first : await run.ready();
      await untilEnded(session, waiters, timing, signal);
      return await read(session, attempt);
    } catch (error) {
      signal.throwIfAborted();
      cause = error;
      if (error instanceof GiveWay) reason = "Another session waits for a table: giving way";
      else if (await run.isAlive()) throw explained(error);
      else reason = "The connection that held the snapshot is lost";
    }
    waiters = cause instanceof GiveWay ? cause.waiters : [];
    if (attempt >= ATTEMPTS) throw exhausted(cause);
    reporter(`${reason}, then beginning anew`);
    await sleep(timing.attemptPauseMs * 3 ** (attempt - 1) * (0.5 + Math.random()), signal);
  }
}

/** pg_dump tells its server's words alone. */
const NO_ROOM_FOR_LOCKS = /out of shared memory/;

function explained(error: unknown): unknown {
  if (!NO_ROOM_FOR_LOCKS.test(messageOf(error))) return error;
  return new UserError(
    "The database server has no room for a lock on each of the tables at once, which one consistent snapshot of them needs: raise max_locks_per_transaction (64 by default; on Supabase: supabase postgres-config update) so that this times max_connections is a few times the number of tables, restart the server, then run the backup again.",
    { cause: error },
  );
}

function exhausted(cause: unknown): UserError {
  const sentence =
    cause instanceof GiveWay
      ? `The backup gave way ${ATTEMPTS} times to a session that changes its tables: run it again once migrations have finished.`
      : `The connection to the database was lost in each of ${ATTEMPTS} attempts: check the network and the server, then run the backup again.`;
  return new UserError(sentence, { cause });
}
