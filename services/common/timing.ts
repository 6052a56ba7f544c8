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
  /** A wait on a lock in the database: others queue behind us meanwhile. */
  readonly lockMs: number;
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

  /** For the lock that two restores cannot hold; see `runLockMs`. */
  readonly restoreLockMs: number;
  /** Between two tries of that lock. */
  readonly restoreLockEveryMs: number;
  /** For the end of sessions that a gate or a restore has terminated: a server that still works needs moments. */
  readonly sessionsEndMs: number;
  /** Between two looks whether they have ended. */
  readonly sessionsEndEveryMs: number;
  /** Between two looks for sessions that came in while a database is replaced. */
  readonly guardEveryMs: number;
  /** Age at which a session of ours has its name, also behind a pooler; a younger one is left alone. */
  readonly namedAfterMs: number;
  /** Between two tries to swap tables, half as much more or less at random: time for the app's transactions to end. */
  readonly swapPauseMs: number;
  /**
   * For all locks of a swap after its first: well below `deadlock_timeout`, for the reason given above. No timing may be longer
   * than {@link realTiming} here either.
   */
  readonly swapFurtherLocksMs: number;
  /** After a deadlock between two entries of an archive, times the number of attempts. */
  readonly deadlockPauseMs: number;
  /** For a lock that an assessment's second reader needs: with another session in between, it would wait for its own leader. */
  readonly assessLockMs: number;
  /** One question about what a new project's database holds. */
  readonly inspectMs: number;

  /** The start of a Postgres server of our own: creating its files is done by then, so only a crash's recovery takes seconds. */
  readonly serverStartMs: number;
  /** Its end, after which it is killed. */
  readonly serverStopMs: number;
  /** Between two looks at its state. */
  readonly serverEveryMs: number;
  /** What the provider's operations get to end tidily after an interruption: the engine kills the provider after 5 s. */
  readonly operationsEndMs: number;

  /** Opening a connection to AWS: three attempts make 10 s until an endpoint that cannot be reached is reported. */
  readonly awsConnectMs: number;
  /** Silence on an open connection to AWS that is taken as its loss. */
  readonly awsSilenceMs: number;
  /** How long a call that S3 or KMS refuses or that breaks is repeated: a storm of "503 Slow Down" lasts for seconds. */
  readonly awsPatienceMs: number;
  /** Before the second attempt of a call that broke, doubled with each further one and drawn at random. */
  readonly awsPauseMs: number;
  /** The same for a call that was throttled: many clients must not return at once. */
  readonly awsThrottledPauseMs: number;
  /** The longest of these pauses. */
  readonly awsLongestPauseMs: number;
  /** Before a broken download continues, or a colliding write is repeated. */
  readonly vaultPauseMs: number;

  /** One attempt of a request with a JSON answer. */
  readonly apiSilenceMs: number;
  /** Before the second attempt of such a request; doubles with each further one. */
  readonly apiPauseMs: number;
  /** Silence of a service that sends or takes content of any size. */
  readonly contentSilenceMs: number;
  /** Before the second attempt of such a request; doubles with each further one. */
  readonly contentPauseMs: number;
  /** One request to the app or the public name. */
  readonly edgeSilenceMs: number;
  /** Supabase's list of its own backups, which `list` prints beside the vault's: not worth a long wait. */
  readonly platformListMs: number;

  /** A new Supabase project takes 1 to 3 minutes; the database's objective (30 min) leaves no room for more than ten. */
  readonly project: Patience;
  /** A build takes minutes; the application's objective (15 min) is spent after that. */
  readonly build: Patience;
  /** The first answer of a new deployment also opens its first database connection. */
  readonly health: Patience;
  /** A moved name is served at once at the edge; resolvers may keep the old answer for its lifetime. */
  readonly traffic: Patience;
  /** Supabase's restore of a project: one that takes longer than the database's objective has missed it. */
  readonly platformRestore: Patience;
}

/** The timing of everything but tests. */
export const realTiming: Timing = {
  connectMs: 8_000,
  silenceMs: 20_000,
  lockMs: 5_000,
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
  restoreLockMs: 20_000,
  restoreLockEveryMs: 200,
  sessionsEndMs: 20_000,
  sessionsEndEveryMs: 100,
  guardEveryMs: 250,
  namedAfterMs: 500,
  swapPauseMs: 1_000,
  swapFurtherLocksMs: 500,
  deadlockPauseMs: 200,
  assessLockMs: 2_000,
  inspectMs: 15_000,
  serverStartMs: 20_000,
  serverStopMs: 10_000,
  serverEveryMs: 20,
  operationsEndMs: 4_000,
  awsConnectMs: 2_500,
  awsSilenceMs: 20_000,
  awsPatienceMs: 60_000,
  awsPauseMs: 100,
  awsThrottledPauseMs: 300,
  awsLongestPauseMs: 5_000,
  vaultPauseMs: 200,
  apiSilenceMs: 30_000,
  apiPauseMs: 250,
  contentSilenceMs: 120_000,
  contentPauseMs: 500,
  edgeSilenceMs: 10_000,
  platformListMs: 5_000,
  project: { firstMs: 250, longestMs: 5_000, limitMs: 10 * 60_000 },
  build: { firstMs: 200, longestMs: 5_000, limitMs: 12 * 60_000 },
  health: { firstMs: 200, longestMs: 3_000, limitMs: 2 * 60_000 },
  traffic: { firstMs: 200, longestMs: 5_000, limitMs: 5 * 60_000 },
  platformRestore: { firstMs: 1_000, longestMs: 15_000, limitMs: 30 * 60_000 },
};

/** Waits. An abort ends the wait at once with the signal's own reason, which says why. */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
