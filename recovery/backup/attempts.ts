import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { sleep, type Timing } from "../../services/common/timing.ts";
import type { Session } from "../postgres/session/database.ts";
import { LockConflict, untilEnded, type Waiter } from "./lockConflict.ts";
import type { RunSession } from "./runSession.ts";

const ATTEMPTS = 3;

/** What a run needs to start again. */
export interface AttemptsOptions {
  run: RunSession;
  timing: Timing;
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * Reads the database, and starts again with another snapshot after a lock conflict or after the session that held the snapshot is lost.
 * Before it starts again it waits for the transactions that it yielded to. A chunk that fails while the leading session lives is retried by
 * its reader.
 */
export async function inAttempts<T>(
  { run, timing, reporter, signal }: AttemptsOptions,
  read: (session: Session, attempt: number) => Promise<T>,
): Promise<T> {
  // A wrong address or password fails at once. In later attempts the server has answered before, so it is waited for.
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
      if (error instanceof LockConflict) reason = "Another session waits for a table: yielding";
      else if (await run.isAlive()) throw explained(error);
      else reason = "The connection that held the snapshot was lost";
    }
    waiters = cause instanceof LockConflict ? cause.waiters : [];
    if (attempt >= ATTEMPTS) throw exhausted(cause);
    reporter(`${reason}, then starting again`);
    await sleep(timing.attemptPauseMs * 3 ** (attempt - 1) * (0.5 + Math.random()), signal);
  }
}

/** pg_dump repeats only the server's message, without its SQLSTATE. */
const NO_ROOM_FOR_LOCKS = /out of shared memory/;

function explained(error: unknown): unknown {
  if (!NO_ROOM_FOR_LOCKS.test(messageOf(error))) return error;
  return new UserError(
    "The database server has no room for a lock on each of the tables. A consistent snapshot needs all of them at once. Raise max_locks_per_transaction (64 by default; on Supabase: `supabase postgres-config update`) until its product with max_connections is a few times the number of tables. Then restart the server and run the backup again.",
    { cause: error },
  );
}

function exhausted(cause: unknown): UserError {
  const sentence =
    cause instanceof LockConflict
      ? `The backup yielded ${ATTEMPTS} times to a session that changes its tables. Run it again when migrations have finished.`
      : `The connection to the database was lost in each of ${ATTEMPTS} attempts. Check the network and the server, then run the backup again.`;
  return new UserError(sentence, { cause });
}
