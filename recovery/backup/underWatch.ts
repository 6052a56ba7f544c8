import { type Timing } from "../../services/common/timing.ts";
import type { Session } from "../postgres/session/database.ts";
import { isLockRefusal, LockConflict, releaseLocks, type WaitedMs, watchForWaiters } from "./lockConflict.ts";

/** The run that is watched, and the session that watches. */
export interface Watch {
  /** The leading session, which is idle meanwhile. */
  session: Session;
  /** The application name of all of the run's sessions. */
  applicationName: string;
  waited: WaitedMs;
  timing: Timing;
}

/**
 * Runs work while the leading session checks whether other sessions wait for the run. Before it throws {@link
 * LockConflict}, all of the run's sessions have released their locks. No part of the work continues in the background.
 */
export async function underWatch<T>(
  { session, applicationName, waited, timing }: Watch,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const finished = new AbortController();
  const failure = new AbortController();
  const inner = AbortSignal.any([signal, failure.signal]);
  const working = work(inner).finally(() => finished.abort());
  const watched = AbortSignal.any([inner, finished.signal]);
  const watching = watchForWaiters(session, applicationName, waited, timing, watched);
  try {
    const [result] = await Promise.all([working, watching]);
    return result;
  } catch (error) {
    failure.abort(error);
    const reason = isLockRefusal(error) ? new LockConflict({ cause: error }) : error;
    // The leading session runs one query at a time.
    await watching.catch(() => undefined);
    try {
      if (reason instanceof LockConflict && !signal.aborted)
        reason.waiters = await releaseLocks(session, applicationName);
    } finally {
      await Promise.allSettled([working]);
    }
    signal.throwIfAborted();
    throw reason;
  }
}
