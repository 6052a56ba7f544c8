import type { Clock } from "./clock.ts";
import { type Patience, sleep } from "./timing.ts";

/** Checks a condition at even intervals, at least once. False if the limit passes first. Throws the signal's reason after an abort. */
export async function until(
  isMet: () => boolean | Promise<boolean>,
  { everyMs, limitMs, signal }: { everyMs: number; limitMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  for (const deadline = performance.now() + limitMs; ;) {
    if (await isMet()) return true;
    if (performance.now() > deadline) return false;
    await sleep(everyMs, signal);
  }
}

/** The result of one look: the value that was waited for, or the present state and how long the next look must wait at least. */
export type Look<T> = { done: T } | { waitingFor: string; leastMs?: number };

/**
 * Looks until the result is there, with waits that grow by half each time. Throws what `onLimit` makes of the last state when the limit
 * has passed, and the signal's reason after an abort.
 */
export async function poll<T>(
  look: () => Promise<Look<T>>,
  options: {
    patience: Patience;
    clock: Clock;
    signal: AbortSignal;
    /** Called with each state that differs from the one before. */
    progress?: (state: string) => void;
    onLimit: (lastState: string, elapsedMs: number) => Error;
  },
): Promise<T> {
  const { patience, clock, signal } = options;
  const start = clock().getTime();
  let wait = patience.firstMs;
  let shown = "";
  for (;;) {
    signal.throwIfAborted();
    const seen = await look();
    if ("done" in seen) return seen.done;
    if (seen.waitingFor !== shown) {
      shown = seen.waitingFor;
      options.progress?.(shown);
    }
    const elapsed = clock().getTime() - start;
    const pause = Math.max(wait, seen.leastMs ?? 0);
    if (elapsed + pause > patience.limitMs) throw options.onLimit(shown, elapsed);
    await sleep(pause, signal);
    wait = Math.min(wait * 1.5, patience.longestMs);
  }
}
