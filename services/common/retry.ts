import { sleep } from "./timing.ts";

/** When failed work is tried again. */
export interface Retry {
  /** Attempts in all. @default - as many as `pauseMs` allows */
  attempts?: number | undefined;
  /**
   * Milliseconds until the next attempt, or undefined if the failure is final. Only work that may safely be repeated is tried again.
   * `attempt` is the number of the one that failed, from 1.
   */
  pauseMs: (failure: unknown, attempt: number) => number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Does work until it succeeds. Calls to AWS are retried by its SDK (awsRetries.ts); a backup that yields its locks begins again
 * by its own rules (attempts.ts).
 *
 * @throws the last attempt's failure, or the signal's reason once that is aborted
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, retrying: Retry): Promise<T> {
  const { attempts = Infinity, pauseMs, signal } = retrying;
  for (let attempt = 1; ; attempt += 1)
    try {
      return await work(attempt);
    } catch (failure) {
      signal?.throwIfAborted();
      const pause = attempt < attempts ? pauseMs(failure, attempt) : undefined;
      if (pause === undefined) throw failure;
      await sleep(pause, signal);
    }
}
