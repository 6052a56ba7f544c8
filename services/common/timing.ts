import { setTimeout as delay } from "node:timers/promises";

/** How often to look at something that becomes ready, and how long. All in milliseconds. */
export interface Patience {
  /** First wait between two looks. */
  readonly firstMs: number;
  /** Longest wait between two looks. */
  readonly longestMs: number;
  /** When to give up. */
  readonly limitMs: number;
}

/**
 * How long the product waits, for what, and why so long; all in milliseconds. Code takes a `Timing` instead of a constant, so that
 * a test of a fault waits for tenths of a second. Only durations are injected: the order of the steps never depends on them.
 *
 * PostgreSQL looks for a deadlock after `deadlock_timeout` (1 s), and then ends one of the sessions that wait for each other,
 * which could be the app's. `lookEveryMs` must stay well below that second, so no timing may be longer than {@link realTiming} there.
 * Shorter is safe, down to what one query of pg_locks takes.
 */
export interface Timing {
  /** Opening a connection to Postgres: a wrong address is reported soon, and a server far away has time to answer. */
  readonly connectMs: number;
  /** A short statement without an answer: the network has fallen silent, since no such statement takes nearly as long. */
  readonly silenceMs: number;
  /** What a server may take to close its end of a connection. */
  readonly goodbyeMs: number;
  /** Idle time after which the network stack asks for a sign of life. */
  readonly keepaliveMs: number;
  /** Between two questions from outside whether a server answers at all, while long statements run; and for each answer. */
  readonly probeEveryMs: number;
  /** Without any such answer the server is gone: three questions may be lost. */
  readonly unreachableMs: number;

  /** For the lock that two runs cannot hold: the server notices within about a second that a killed run is gone. */
  readonly runLockMs: number;
  /** Between two tries of that lock. */
  readonly runLockEveryMs: number;
  /** For the locks before the snapshot, and for the transactions that the run yielded to: time for a migration to end. */
  readonly lockPatienceMs: number;
  /** Shortest pause between two tries of those locks; the longest is five times as long, so that runs are not in step. */
  readonly snapshotPauseMs: number;
  /**
   * What a session may have waited in sum when the run yields: 5 s less what the looks miss (one before the wait is seen, one each time
   * that a later attempt meets the same session) and the time that letting go takes.
   */
  readonly waiterPatienceMs: number;
  /** Between two looks for sessions that wait behind the run. See above for its limits. */
  readonly lookEveryMs: number;
  /** How long a reader tries to lock a table for which another session is queued, before the run yields. */
  readonly readerLockMs: number;
  /** How long a reader tries to connect. The leading session came in by the same way, so what keeps it out will pass. */
  readonly readerConnectMs: number;
  /** Between two tries of a reader, half to twice as long at random. */
  readonly readerPauseMs: number;
  /** Before a run's second attempt, three times as long before the third: what it yielded to has time to end. */
  readonly attemptPauseMs: number;

  /** Opening a connection to S3: three attempts make 10 s until an endpoint that cannot be reached is reported. */
  readonly vaultConnectMs: number;
  /** Silence on an open connection to S3 that is taken as its loss. */
  readonly vaultSilenceMs: number;
  /** How long a call that S3 or KMS refuses or that breaks is repeated: a storm of "503 Slow Down" lasts for seconds. */
  readonly awsPatienceMs: number;
  /** Before a broken download continues, or a colliding write is repeated. */
  readonly vaultPauseMs: number;

  /** A new Supabase project takes 1 to 3 minutes; the database's objective (30 min) leaves no room for more than ten. */
  readonly project: Patience;
  /** A build takes minutes; the application's objective (15 min) is spent after that. */
  readonly build: Patience;
  /** The first answer of a new deployment also opens its first database connection. */
  readonly health: Patience;
  /** A moved name is served at once at the edge; resolvers may keep the old answer for its lifetime. */
  readonly traffic: Patience;
}

/** The timing of everything but tests. */
export const realTiming: Timing = {
  connectMs: 8_000,
  silenceMs: 20_000,
  goodbyeMs: 3_000,
  keepaliveMs: 10_000,
  probeEveryMs: 5_000,
  unreachableMs: 15_000,
  runLockMs: 8_000,
  runLockEveryMs: 250,
  lockPatienceMs: 60_000,
  snapshotPauseMs: 200,
  waiterPatienceMs: 3_500,
  lookEveryMs: 400,
  readerLockMs: 3_000,
  readerConnectMs: 20_000,
  readerPauseMs: 250,
  attemptPauseMs: 2_000,
  vaultConnectMs: 2_500,
  vaultSilenceMs: 20_000,
  awsPatienceMs: 60_000,
  vaultPauseMs: 200,
  project: { firstMs: 250, longestMs: 5_000, limitMs: 10 * 60_000 },
  build: { firstMs: 200, longestMs: 5_000, limitMs: 12 * 60_000 },
  health: { firstMs: 200, longestMs: 3_000, limitMs: 2 * 60_000 },
  traffic: { firstMs: 200, longestMs: 5_000, limitMs: 5 * 60_000 },
};

/** For tests: every wait as much shorter as the factor says (0.1: a tenth), and some of them otherwise. */
export function scaledTiming(factor: number, other: Partial<Timing> = {}): Timing {
  const scale = (waits: object): object =>
    Object.fromEntries(
      Object.entries(waits).map(([name, wait]: [string, number | Patience]) => [
        name,
        typeof wait === "number" ? Math.ceil(wait * factor) : scale(wait),
      ]),
    );
  return { ...(scale(realTiming) as Timing), ...other };
}

/** Waits. An abort ends the wait at once with the signal's own reason, which says why. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
