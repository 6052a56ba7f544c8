/**
 * Runs several pieces of work beside each other. If one fails, the signal of the others aborts. The first error is thrown once
 * all have ended, so that nothing continues in the background.
 */
export async function together<T extends readonly unknown[]>(
  signal: AbortSignal,
  ...works: { [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> }
): Promise<T> {
  const failure = new AbortController();
  const inner = AbortSignal.any([signal, failure.signal]);
  const running = works.map((work) => work(inner)) as unknown as { [K in keyof T]: Promise<T[K]> };
  try {
    return await Promise.all(running);
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(running);
    signal.throwIfAborted();
    throw error;
  }
}

/** Runs one worker several times beside each other, for work that each worker needs something of its own for, such as a session. */
export async function workers(
  count: number,
  signal: AbortSignal,
  worker: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  await together(signal, ...Array.from({ length: count }, () => worker));
}

/**
 * Works on all items, on `most` at once, and returns the results in the order of the items. After the first error or an abort no
 * further item begins; the error is thrown once what has begun has ended.
 */
export async function pool<T, R>(
  items: Iterable<T>,
  most: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
  signal: AbortSignal = new AbortController().signal,
): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items];
  const left = queue.entries();
  await workers(Math.min(most, queue.length), signal, async (inner) => {
    for (const [at, item] of left) {
      inner.throwIfAborted();
      results[at] = await work(item, inner);
    }
  });
  return results;
}
