/**
 * Runs several pieces of work beside each other. When one fails, the others are told by their signal; the first error is
 * thrown once all have ended, so that nothing goes on in the background.
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
