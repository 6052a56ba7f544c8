import { retry } from "../../services/common/retry.ts";
import { realTiming, sleep, type Timing } from "../../services/common/timing.ts";
import { connect, type Session } from "../postgres/session/database.ts";
import { quoteLiteral } from "../postgres/session/quote.ts";
import { GiveWay, isLockRefusal } from "./giveWay.ts";
import { NO_WAIT_MS } from "./lockRelations.ts";

/** What a reader needs to see what the leading session sees. */
export interface SnapshotPlace {
  databaseUrl: string;
  applicationName: string;
  /** Exported by the leading session, whose transaction stays open. */
  snapshotId: string;
  /** @default - the real one */
  timing?: Timing | undefined;
}

/** Opens a session that reads what the exported snapshot shows. By default it doesn't wait for locks, since it holds others. */
export async function openReader(
  from: SnapshotPlace,
  signal: AbortSignal,
  lockTimeoutMs = NO_WAIT_MS,
): Promise<Session> {
  const { databaseUrl, applicationName, timing = realTiming } = from;
  const options = { applicationName, lockTimeoutMs, signal, timing };
  const until = performance.now() + timing.readerConnectMs;
  const pauseMs = () => (performance.now() > until ? undefined : timing.readerPauseMs * (1 + Math.random()));
  const session = await retry(() => connect(databaseUrl, options), { pauseMs, signal });
  try {
    await session.query(beginning(from));
    return session;
  } catch (error) {
    await session.end();
    throw error;
  }
}

/**
 * Begins the reader's transaction anew, with the same snapshot. It lets go of the locks that it has gathered (the leading session holds
 * the tables all the same): a server has room for some thousands in all, and each table, index and TOAST table takes one.
 */
export async function letGoOfLocks(session: Session, from: SnapshotPlace): Promise<void> {
  await session.query(`commit; ${beginning(from)}`);
}

function beginning({ snapshotId }: SnapshotPlace): string {
  return `begin isolation level repeatable read read only; set transaction snapshot ${quoteLiteral(snapshotId)}`;
}

/** Does work over a reader of its own, again and with another one where a lock is not to be had. */
export async function withReader<T>(
  from: SnapshotPlace,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  for (const patience = new LockPatience(from.timing); ;) {
    let refusal: unknown;
    const session = await openReader(from, signal);
    try {
      return await work(session);
    } catch (error) {
      if (!isLockRefusal(error)) throw error;
      refusal = error;
    } finally {
      await session.end();
    }
    await patience.pause(refusal, signal);
  }
}

/** Waiting for a lock without a transaction, which would hold others: a pause before each further try, for some seconds in all. */
export class LockPatience {
  readonly #begunAt = performance.now();
  readonly #timing: Timing;

  constructor(timing: Timing = realTiming) {
    this.#timing = timing;
  }

  /** {@link GiveWay} once it has lasted too long. */
  async pause(refusal: unknown, signal: AbortSignal): Promise<void> {
    if (performance.now() - this.#begunAt > this.#timing.readerLockMs) throw new GiveWay({ cause: refusal });
    await sleep(this.#timing.readerPauseMs * (0.5 + Math.random()), signal);
  }
}
