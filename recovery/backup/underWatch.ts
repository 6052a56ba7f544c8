import { type Timing } from "../../services/common/timing.ts";
import type { Session } from "../postgres/session/database.ts";
import { GiveWay, isLockRefusal, letGo, type WaitedMs, watchForWaiters } from "./giveWay.ts";

/** Who is watched, and by which session. */
export interface Watch {
  /** The leading one, which has nothing else to do meanwhile. */
  session: Session;
  /** What the server shows of all of the run's sessions. */
  applicationName: string;
  waited: WaitedMs;
  timing: Timing;
}

/**
 * Does work while the leading session looks whether anyone waits behind the run. Where the run must give way, all of its sessions
 * have let go of their locks before {@link GiveWay} is thrown. Nothing of the work goes on in the background.
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
    const reason = isLockRefusal(error) ? new GiveWay({ cause: error }) : error;
    // The leading session answers one question after the other.
    await watching.catch(() => undefined);
    try {
      if (reason instanceof GiveWay && !signal.aborted) reason.waiters = await letGo(session, applicationName);
    } finally {
      await Promise.allSettled([working]);
    }
    signal.throwIfAborted();
    throw reason;
  }
}
