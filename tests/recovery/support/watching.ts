import { setTimeout as sleep } from "node:timers/promises";

import { connect } from "../../../recovery/postgres/session/database.ts";

/** A client that repeats one query, and connects again when its session is ended. */
export interface Watcher {
  /** Waits until it has seen this many states, at most for the time that this takes on any machine. */
  hasSeen(states: number): Promise<void>;
  /** Ends it. Returns how many states it has seen, and how often its connection or its query was refused. */
  stop(): Promise<{ seen: number; refused: number }>;
}

const watching: AbortController[] = [];

/** Begins to watch what a query answers. Call stopWatching() in afterEach, for a test that fails before it stops the client itself. */
export function watch(
  url: string,
  query: string,
  { prepare = "select", pauseMs = 0 }: { prepare?: string; pauseMs?: number } = {},
): Watcher {
  const stopped = new AbortController();
  watching.push(stopped);
  const seen = new Set<string>();
  let refused = 0;
  const look = async () => {
    const session = await connect(url, { applicationName: "test client", lockTimeoutMs: 60_000 });
    try {
      await session.query(prepare);
      while (!stopped.signal.aborted) {
        seen.add(JSON.stringify(await session.query(query)));
        await sleep(pauseMs);
      }
    } finally {
      await session.end();
    }
  };
  const running = (async () => {
    while (!stopped.signal.aborted) {
      try {
        await look();
      } catch {
        // The end of the watching is no refusal.
        refused += Number(!stopped.signal.aborted);
        await sleep(50);
      }
    }
  })();
  return {
    async hasSeen(states) {
      for (let wait = 0; seen.size < states && wait < 1000; wait += 1) await sleep(10);
    },
    async stop() {
      stopped.abort();
      await running;
      return { seen: seen.size, refused };
    },
  };
}

/** Ends every client that still watches. */
export function stopWatching(): void {
  for (const client of watching.splice(0)) client.abort();
}
