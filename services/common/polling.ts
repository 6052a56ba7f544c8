import type { Clock } from "./clock.ts";
import { type Patience, sleep } from "./timing.ts";

/**
 * Looks at even intervals until it is so; always at least once. False if it is not once the limit has passed.
 *
 * @throws the signal's reason after an abort
 */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  { everyMs, limitMs, signal }: { everyMs: number; limitMs: number; signal?: AbortSignal | undefined },
): Promise<boolean> {
  for (const deadline = performance.now() + limitMs; ;) {
    if (await isSo()) return true;
    if (performance.now() > deadline) return false;
    await sleep(everyMs, signal);
  }
}

/** What one look found: a value that ends the waiting, or how far things are. */
export type Look<T> = { done: T } | { waitingFor: string };

/**
 * Looks again and again, with waits that grow by half each time, until a look is done.
 * Throws what `onLimit` makes of the last state once the limit has passed, and the signal's reason when aborted.
 */
export async function poll<T>(
  look: () => Promise<Look<T>>,
  options: {
    patience: Patience;
    clock: Clock;
    signal: AbortSignal;
    /** Told each state that differs from the one before. */
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
    if (elapsed + wait > patience.limitMs) throw options.onLimit(shown, elapsed);
    await sleep(wait, signal);
    wait = Math.min(wait * 1.5, patience.longestMs);
  }
}
