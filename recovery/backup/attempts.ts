import { messageOf, UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { sleep, type Timing } from "../../services/common/timing.ts";
import { readLayers } from "../gate/gateRecord.ts";
import type { Session } from "../postgres/session/database.ts";
import { isEnded, WHO_ENDS_SESSIONS, wordsOfEnd } from "../postgres/session/endedSession.ts";
import { type Contention, LockConflict, LocksLost, untilEnded } from "./lockConflict.ts";
import type { RunSession } from "./runSession.ts";
import { describeWaiter, type Waiter } from "./waiter.ts";

const ATTEMPTS = 3;
/** The most attempts, as long as each of them finds another table that is locked exclusively while the run reads. */
const MOST_ATTEMPTS = 6;

/** What a run needs to start again. */
export interface AttemptsOptions {
  run: RunSession;
  contention: Contention;
  timing: Timing;
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * Reads the database, and starts again with another snapshot after a lock conflict or after a session is lost that cannot be replaced.
 * Before it starts again it waits for the transactions that it yielded to. The next attempt releases their tables first. A chunk that fails
 * while the leading session lives is retried by its reader.
 */
export async function inAttempts<T>(
  { run, contention, timing, reporter, signal }: AttemptsOptions,
  read: (session: Session, attempt: number) => Promise<T>,
): Promise<T> {
  // A wrong address or password fails at once. In later attempts the server has answered before, so it is waited for.
  const first = await run.ready();
  const since = await timeOf(first);
  const yieldedTo: string[] = [];
  let waiters: readonly Waiter[] = [];
  let words: string | undefined;
  for (let attempt = 1; ; attempt += 1) {
    const known = contention.relations.size;
    let reason = "The connection that held the snapshot was lost";
    let cause: unknown;
    try {
      const session = attempt === 1 ? first : await run.ready();
      await untilEnded(session, waiters, contention, timing, signal);
      return await read(session, attempt);
    } catch (error) {
      signal.throwIfAborted();
      cause = error;
      const end = wordsOfEnd(error);
      words = end ?? words;
      if (error instanceof LockConflict) reason = yielding(error.waiters);
      else if (!(error instanceof LocksLost) && (await run.isAlive())) {
        if (!isEnded(error)) throw explained(error);
        reason =
          end === undefined
            ? "A connection of the backup was lost"
            : `The server has ended a session of the backup (${end})`;
      }
    }
    waiters = cause instanceof LockConflict ? cause.waiters : [];
    yieldedTo.push(...waiters.map(describeWaiter));
    const isLast = contention.relations.size === known || attempt >= MOST_ATTEMPTS;
    if (attempt >= ATTEMPTS && isLast)
      throw await exhausted(cause, attempt, yieldedTo, words, () => knownEnd(run, since, signal));
    reporter(`${reason}, then starting again`);
    await sleep(timing.attemptPauseMs * 3 ** Math.min(attempt - 1, 1) * (0.5 + Math.random()), signal);
  }
}

function yielding(waiters: readonly Waiter[]): string {
  const who = waiters.length === 0 ? "" : ` (${waiters.map(describeWaiter).join("; ")})`;
  return `Another session waits for a table${who}: yielding`;
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

async function timeOf(session: Session): Promise<Date> {
  const [row] = await session.query<{ at: Date }>("select pg_catalog.clock_timestamp() as at");
  if (row === undefined) throw new Error("the server does not say what time it is");
  return row.at;
}

/** What the server shows of the reason why sessions have ended since an instant of its own clock. */
async function knownEnd(run: RunSession, since: Date, signal: AbortSignal): Promise<string> {
  try {
    const session = await run.ready();
    const [server] = await session.query<{ startedAt: Date }>(
      'select pg_catalog.pg_postmaster_start_time() as "startedAt"',
    );
    if (server !== undefined && server.startedAt > since)
      return `The server was restarted at ${server.startedAt.toISOString()}`;
    const stop = (await readLayers(session)).findLast(({ closedAt }) => closedAt >= since);
    if (stop !== undefined)
      return `Writes were stopped at ${stop.closedAt.toISOString()} (${stop.holder}), which ends other sessions`;
    return WHO_ENDS_SESSIONS;
  } catch (error) {
    signal.throwIfAborted();
    return `It does not answer now (${messageOf(error).replace(/\.$/, "")})`;
  }
}

async function exhausted(
  cause: unknown,
  attempts: number,
  yieldedTo: readonly string[],
  words: string | undefined,
  why: () => Promise<string>,
): Promise<UserError> {
  if (words !== undefined && !(cause instanceof LockConflict))
    return new UserError(
      `The server ended sessions of the backup in ${attempts} attempts (${words}). ${await why()}. Run \`castchat-recovery backup\` again once that is over.`,
      { cause },
    );
  const who = yieldedTo.length === 0 ? "" : `: ${[...new Set(yieldedTo)].join("; ")}`;
  const sentence =
    cause instanceof LockConflict
      ? `The backup yielded ${attempts} times to sessions that lock its tables exclusively${who}. Run it again when they have finished. If such a job comes again and again, let it come less often, or let it DELETE rows instead.`
      : `The connection to the database was lost in each of ${attempts} attempts. Check the network and the server, then run the backup again.`;
  return new UserError(sentence, { cause });
}
