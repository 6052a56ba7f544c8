/** A running service; ended by `stop`, with what it alone keeps. */
export interface BenchService<T> {
  at: T;
  stop(): Promise<void>;
}

const running = new Set<() => Promise<void>>();

/** Makes sure that a service is stopped once, also when the benchmark is interrupted. */
export function service<T>(at: T, end: () => Promise<void>): BenchService<T> {
  const stop = async () => {
    if (running.delete(stop)) await end();
  };
  running.add(stop);
  return { at, stop };
}

/** Stops whatever still runs. */
export async function stopServices(): Promise<void> {
  await Promise.all([...running].map((stop) => stop()));
}
