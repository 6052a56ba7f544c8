/** A running service. `stop` ends it and removes its files. */
export interface BenchService<T> {
  at: T;
  stop(): Promise<void>;
}

const running = new Set<() => Promise<void>>();

/** Wraps a service so that it is stopped exactly once, also when the benchmark is interrupted. */
export function service<T>(at: T, end: () => Promise<void>): BenchService<T> {
  const stop = async () => {
    if (running.delete(stop)) await end();
  };
  running.add(stop);
  return { at, stop };
}

/** Stops all services that still run. */
export async function stopServices(): Promise<void> {
  await Promise.all([...running].map((stop) => stop()));
}
