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
 * which could be the app's. `lookEveryMs` must stay well below that second, so no timing may be longer than this one there.
 * Shorter is safe, down to what one query of pg_locks takes.
 */
export const realTiming = {
  /** Opening a connection to Postgres: a wrong address is reported soon, and a server far away has time to answer. */
  connectMs: 8_000,
  /** A short statement without an answer: the network has fallen silent, since no such statement takes nearly as long. */
  silenceMs: 20_000,
  /** A wait on a lock in the database: others queue behind us meanwhile. */
  lockMs: 5_000,
  /** What a server may take to close its end of a connection. */
  goodbyeMs: 3_000,
  /** Idle time after which the network stack asks for a sign of life. */
  keepaliveMs: 10_000,
  /** Between two questions from outside whether a server answers at all, while long statements run; and for each answer. */
  probeEveryMs: 5_000,
  /** Without any such answer the server is gone: three questions may be lost. */
  unreachableMs: 15_000,

  /** For the lock that two runs cannot hold: the server notices within about a second that a killed run is gone. */
  runLockMs: 8_000,
  /** Between two tries of that lock. */
  runLockEveryMs: 250,
  /** For the locks before the snapshot, and for the transactions that the run yielded to: time for a migration to end. */
  lockPatienceMs: 60_000,
  /** Shortest pause between two tries of those locks; the longest is five times as long, so that runs are not in step. */
  snapshotPauseMs: 200,
  /**
   * What a session may have waited in sum when the run yields: 5 s less what the looks miss (one before the wait is seen, one each time
   * that a later attempt meets the same session) and the time that releasing the locks takes.
   */
  waiterPatienceMs: 3_500,
  /** Between two looks for sessions that wait behind the run. See above for its limits. */
  lookEveryMs: 400,
  /** How long a reader tries to lock a table for which another session is queued, before the run yields. */
  readerLockMs: 3_000,
  /** How long a reader tries to connect. The leading session came in by the same way, so what keeps it out will pass. */
  readerConnectMs: 20_000,
  /** Between two tries of a reader, half to twice as long at random. */
  readerPauseMs: 250,
  /** Before a run's second attempt, three times as long before the third: what it yielded to has time to end. */
  attemptPauseMs: 2_000,

  /** For the lock that two restores cannot hold; see `runLockMs`. */
  restoreLockMs: 20_000,
  /** Between two tries of that lock. */
  restoreLockEveryMs: 200,
  /** For the end of sessions that a gate or a restore has terminated: a server that still works needs moments. */
  sessionsEndMs: 20_000,
  /** Between two looks whether they have ended. */
  sessionsEndEveryMs: 100,
  /** Between two looks for sessions that came in while a database is replaced. */
  guardEveryMs: 250,
  /** Age at which a session of ours has its name, also behind a pooler; a younger one is not touched. */
  namedAfterMs: 500,
  /** Between two tries to swap tables, half as much more or less at random: time for the app's transactions to end. */
  swapPauseMs: 1_000,
  /**
   * For all locks of a swap after its first: well below `deadlock_timeout`, for the reason given above. No timing may be longer
   * than {@link realTiming} here either.
   */
  swapFurtherLocksMs: 500,
  /** After a deadlock between two entries of an archive, times the number of attempts. */
  deadlockPauseMs: 200,
  /** For a lock that an assessment's second reader needs: with another session in between, it would wait for its own leader. */
  assessLockMs: 2_000,
  /** One question about what a new project's database holds. */
  inspectMs: 15_000,
  /** For stopping writes to the primary's database before a recovery, which does not wait for a database that hangs. */
  fenceMs: 60_000,

  /** The start of a Postgres server of our own: creating its files is done by then, so only a crash's recovery takes seconds. */
  serverStartMs: 20_000,
  /** Its end, after which it is killed. */
  serverStopMs: 10_000,
  /** Between two looks at its state. */
  serverEveryMs: 20,
  /** What the provider's operations get to end tidily after an interruption: the engine kills the provider after 5 s. */
  operationsEndMs: 4_000,

  /** Opening a connection to AWS: three attempts make 10 s until an endpoint that cannot be reached is reported. */
  awsConnectMs: 2_500,
  /** Silence on an open connection to AWS that is taken as its loss. */
  awsSilenceMs: 20_000,
  /** How long a call that S3 or KMS refuses or that breaks is repeated: a storm of "503 Slow Down" lasts for seconds. */
  awsPatienceMs: 60_000,
  /** Before the second attempt of a call that broke, doubled with each further one and drawn at random. */
  awsPauseMs: 100,
  /** The same for a call that was throttled: many clients must not return at once. */
  awsThrottledPauseMs: 300,
  /** The longest of these pauses. */
  awsLongestPauseMs: 5_000,
  /** Before a broken download continues, or a colliding write is repeated. */
  vaultPauseMs: 200,

  /** One attempt of a request with a JSON answer. */
  apiSilenceMs: 30_000,
  /** Before the second attempt of such a request; doubles with each further one. */
  apiPauseMs: 250,
  /** Silence of a service that sends or takes content of any size. */
  contentSilenceMs: 120_000,
  /** Before the second attempt of such a request; doubles with each further one. */
  contentPauseMs: 500,
  /** One request to the app or the public name. */
  edgeSilenceMs: 10_000,
  /** Supabase's list of its own backups, which `list` prints beside the vault's: not worth a long wait. */
  platformListMs: 5_000,

  /** A new Supabase project takes 1 to 3 minutes; the database's objective (30 min) leaves no room for more than ten. */
  project: { firstMs: 250, longestMs: 5_000, limitMs: 10 * 60_000 },
  /**
   * After a login that was refused. Supabase's pooler blocks an address for 2 minutes after 10 of them in 150 s
   * (https://github.com/supabase/supavisor, lib/supavisor/circuit_breaker.ex, `auth_error`).
   */
  refusedLoginMs: 20_000,
  /** For the table of a new project's Realtime service, whose migrations take seconds. A recovery continues without it. */
  realtimeMs: 60_000,
  /** Between two looks for it. */
  realtimeEveryMs: 1_000,
  /** A build takes minutes; the application's objective (15 min) is spent after that. */
  build: { firstMs: 200, longestMs: 5_000, limitMs: 12 * 60_000 },
  /** The first answer of a new deployment also opens its first database connection. */
  health: { firstMs: 200, longestMs: 3_000, limitMs: 2 * 60_000 },
  /** A moved name is served at once at the edge; resolvers may keep the old answer for its lifetime. */
  traffic: { firstMs: 200, longestMs: 5_000, limitMs: 5 * 60_000 },
  /** Supabase's restore of a project: one that takes longer than the database's objective has missed it. */
  platformRestore: { firstMs: 1_000, longestMs: 15_000, limitMs: 30 * 60_000 },
};

/** How long each wait lasts: {@link realTiming}, or a test's shorter one. */
export type Timing = Readonly<typeof realTiming>;

/** Waits. An abort ends the wait at once with the signal's own reason, which says why. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
