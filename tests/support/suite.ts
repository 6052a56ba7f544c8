import { afterAll, beforeAll } from "@jest/globals";

/** What is started for a suite, and stopped after it. */
interface Stoppable {
  stop(): Promise<unknown>;
}

/**
 * Starts something before the tests of the suite that calls this, and stops it after them. What this returns stands for it in hooks and
 * tests. Jest calls hooks in the order of their definition, so that an `afterAll` that needs it must stand before.
 */
export function forSuite<T extends Stoppable>(start: () => Promise<T>): T {
  let started: T | undefined;
  beforeAll(async () => {
    started = await start();
  }, 60_000);
  afterAll(async () => {
    await started?.stop();
  });
  return new Proxy({} as T, {
    get(_target, name) {
      if (started === undefined) throw new Error(`the suite has not started yet, so it has no ${String(name)}`);
      return Reflect.get(started, name) as unknown;
    },
  });
}
