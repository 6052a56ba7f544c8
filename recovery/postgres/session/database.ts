import type { Duplex } from "node:stream";

import pg from "pg";

import { messageOf, UserError } from "../../../services/common/errors.ts";
import { retry } from "../../../services/common/retry.ts";
import { realTiming, type Timing } from "../../../services/common/timing.ts";
import type { CopyFormat } from "./copyFormat.ts";
import { CopyIn } from "./copyIn.ts";
import { CopyOut, type CopySink } from "./copyOut.ts";
import { type DatabaseAddress, parseDatabaseUrl, placeOf } from "./databaseUrl.ts";
import { noteOwnSession } from "./ownSessions.ts";
import { tlsOptions, trustFailure } from "./serverTrust.ts";
import { SQLSTATE, sqlStateBehind, sqlStateOf } from "./sqlState.ts";

/** One connection. All settings that change how a value is printed are pinned. */
export interface Session {
  readonly address: DatabaseAddress;
  /** Major version of the server. */
  readonly serverMajor: number;
  /** The server's version as it prints it ("17.10"). */
  readonly serverVersion: string;
  /** The time limits of everything that uses this connection. */
  readonly timing: Timing;
  /** Runs one statement, or several separated by semicolons if there are no values. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs a COPY … TO STDOUT, and passes its rows, in that format, to the sink. If the sink fails, the connection is unusable. */
  copyOut(sql: string, sink: CopySink, format?: CopyFormat): Promise<void>;
  /** Runs a COPY … FROM STDIN with these rows, in that format, as its input. */
  copyIn(sql: string, rows: Buffer, format?: CopyFormat): Promise<void>;
  /**
   * Runs work that only has short statements. If it takes longer than {@link Timing.silenceMs}, the network has fallen silent: the
   * connection is closed, so that everything that waits for it fails.
   */
  promptly<T>(work: () => Promise<T>): Promise<T>;
  /** Closes the connection, also during a statement, and if the server does not answer. */
  end(): Promise<void>;
}

/** How a connection behaves. Times in milliseconds; 0 means no limit. */
export interface SessionOptions {
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** For one statement. @default an hour: a role's own limit (2 minutes on Supabase) would end a count of a large table */
  statementTimeoutMs?: number;
  /** For a wait for a lock. @default - {@link Timing.lockMs} */
  lockTimeoutMs?: number;
  /** Closes the connection. */
  signal?: AbortSignal | undefined;
  /** @default - the real one */
  timing?: Timing | undefined;
}

const HOUR_MS = 3_600_000;

const ATTEMPTS = 5;

/**
 * Opens a connection.
 *
 * @throws UserError of one message, without the password, if it can't be opened
 */
export async function connect(databaseUrl: string, options: SessionOptions): Promise<Session> {
  return await retry(() => connectOnce(databaseUrl, options), {
    attempts: ATTEMPTS,
    // A closed write gate (recovery/gate) terminates unknown sessions, and can't recognise one of ours before it is noted.
    pauseMs: (error) => (sqlStateBehind(error) === SQLSTATE.ADMIN_SHUTDOWN ? 0 : undefined),
    signal: options.signal,
  });
}

async function connectOnce(databaseUrl: string, options: SessionOptions): Promise<Session> {
  const { timing = realTiming } = options;
  const address = parseDatabaseUrl(databaseUrl);
  options.signal?.throwIfAborted();
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: address.user,
    password: address.password,
    database: address.database,
    ssl: tlsOptions(address),
    application_name: options.applicationName,
    connectionTimeoutMillis: timing.connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: timing.keepaliveMs,
  });
  // A connection that is lost between two statements is reported by the next one. Without a listener it would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // A server that waits for an answer would keep the connection, and so this process, for a minute.
    streamOf(client).destroy();
    throw explainConnectionError(error, address);
  }
  const abort = () => void client.end();
  options.signal?.addEventListener("abort", abort, { once: true });
  /** An abort causes other errors, so its reason is thrown. */
  const unlessAborted = async <T>(work: () => Promise<T>): Promise<T> => {
    options.signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    }
  };
  let forget: () => void = () => undefined;
  const session: Omit<Session, "serverMajor" | "serverVersion"> = {
    address,
    timing,
    query: <Row extends object>(text: string, values: readonly unknown[] = []) =>
      unlessAborted(async () => (await client.query<Row>(text, values.length === 0 ? undefined : [...values])).rows),
    copyOut: (sql, sink, format) => unlessAborted(() => client.query(new CopyOut(sql, sink, format)).done),
    copyIn: (sql, rows, format) => unlessAborted(() => client.query(new CopyIn(sql, rows, format)).done),
    async promptly<T>(work: () => Promise<T>) {
      const timer = setTimeout(() => streamOf(client).destroy(), timing.silenceMs);
      try {
        return await work();
      } finally {
        clearTimeout(timer);
      }
    },
    async end() {
      forget();
      options.signal?.removeEventListener("abort", abort);
      const timer = setTimeout(() => streamOf(client).destroy(), timing.goodbyeMs);
      await client.end();
      clearTimeout(timer);
    },
  };
  try {
    const [version] = await session.promptly(async () => {
      await pinSettings(session, options);
      return await session.query<{ number: number; text: string; pid: number; startedAt: string }>(
        `select current_setting('server_version_num')::int as number, split_part(current_setting('server_version'), ' ', 1) as text,
           a.pid, a.backend_start::text as "startedAt" from pg_catalog.pg_stat_activity a where a.pid = pg_catalog.pg_backend_pid()`,
      );
    });
    if (version === undefined) throw new Error("the server returned no version");
    forget = noteOwnSession(version);
    return { ...session, serverMajor: Math.floor(version.number / 10_000), serverVersion: version.text };
  } catch (error) {
    await session.end();
    throw error;
  }
}

/** The connection's socket, which the driver's types hide. */
function streamOf(client: pg.Client): Duplex {
  return (client as unknown as { connection: { stream: Duplex } }).connection.stream;
}

/** Opens a connection for the duration of `work`, and always closes it. */
export async function withSession<T>(
  databaseUrl: string,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await connect(databaseUrl, options);
  try {
    return await work(session);
  } finally {
    await session.end();
  }
}

/**
 * Sets the timeouts and everything that changes how a value is printed. A setting that a server does not have (transaction_timeout before
 * 17) is skipped. `row_security = off` makes a filtered read an error.
 */
async function pinSettings(session: Pick<Session, "query" | "timing">, options: SessionOptions): Promise<void> {
  const settings: Record<string, string | number> = {
    // A pooler connects under its own name. The watch for waiting sessions knows ours by this one.
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs ?? HOUR_MS,
    lock_timeout: options.lockTimeoutMs ?? session.timing.lockMs,
    idle_in_transaction_session_timeout: 4 * HOUR_MS,
    transaction_timeout: 6 * HOUR_MS,
    // Between two transactions a session may hold an advisory lock (one run at a time) for as long as a run takes.
    idle_session_timeout: 0,
    // The server notices within this time that this client is gone, also during a statement.
    client_connection_check_interval: 1_000,
    // The same if the network is gone: by default it would keep our locks for two hours.
    tcp_keepalives_idle: 30,
    tcp_keepalives_interval: 10,
    tcp_keepalives_count: 3,
    tcp_user_timeout: 60_000,
    row_security: "off",
    // A closed write gate (recovery/gate/writeGate.ts) must not block the recovery's own sessions.
    default_transaction_read_only: "off",
    DateStyle: "ISO, YMD",
    TimeZone: "UTC",
    IntervalStyle: "postgres",
    bytea_output: "hex",
    extra_float_digits: 1,
    xmloption: "content",
    lc_monetary: "C",
  };
  // A separate first statement: if the role's search_path has other schemas before pg_catalog, a later call could run any function.
  await session.query("set search_path = ''");
  await session.query(
    `select set_config(s.name, wanted.value, false)
       from unnest($1::text[], $2::text[]) as wanted (name, value)
       join pg_catalog.pg_settings s on lower(s.name) = lower(wanted.name)`,
    [Object.keys(settings), Object.values(settings).map(String)],
  );
}

/** What a database says by its SQLSTATE: the end of a sentence that begins with its place. */
const REFUSALS: Readonly<Record<string, (address: DatabaseAddress) => string>> = {
  [SQLSTATE.INVALID_PASSWORD]: ({ user }) => `refuses the password of "${user}". Correct the connection string.`,
  [SQLSTATE.INVALID_AUTHORIZATION_SPECIFICATION]: ({ user }) =>
    `does not accept the user "${user}". Correct the connection string.`,
  [SQLSTATE.INSUFFICIENT_PRIVILEGE]: ({ user }) =>
    `gives "${user}" no right to connect. Use the role that owns it, or check with \`castchat-recovery writes status\` whether writes are stopped.`,
  [SQLSTATE.CANNOT_CONNECT_NOW]: () =>
    "is starting, stopping or recovering. Wait until it accepts connections, then run the same command again.",
  [SQLSTATE.TOO_MANY_CONNECTIONS]: () =>
    "has no free connection. End some of its clients, or run the same command again later.",
};

/**
 * What Supabase's pooler says of its own limits. Source: https://github.com/supabase/supavisor,
 * lib/supavisor/errors/max_connections_error.ex and circuit_breaker_error.ex; "MaxClientsInSessionMode" in earlier versions.
 */
const POOLER_REFUSALS: readonly { words: RegExp; sentence: string }[] = [
  {
    words: /EMAXCONNSESSION|MaxClientsInSessionMode/,
    sentence:
      "has no free session: all of its pooler's sessions are taken (port 5432, as many as its pool size). Lead the app through transaction mode (`connection` of each app in the stack's settings), end clients, or enlarge the pool in Supabase's database settings, then run the same command again.",
  },
  {
    words: /ECIRCUITBREAKER/,
    sentence:
      "is blocked by Supabase's pooler for two minutes, because logins from this address were refused several times. Correct the password where it is wrong, wait two minutes, then run the same command again.",
  },
];

function explainConnectionError(error: unknown, address: DatabaseAddress): UserError {
  const code = sqlStateOf(error);
  const message = messageOf(error);
  const explain = (what: string, subject = "database") =>
    new UserError(`The ${subject} ${placeOf(address)} ${what}`, { cause: error });
  const distrust = trustFailure(error);
  if (distrust !== undefined) return explain(distrust);
  const refusal = REFUSALS[code];
  if (refusal !== undefined) return explain(refusal(address));
  if (code === SQLSTATE.INVALID_CATALOG_NAME)
    return explain(`has no database "${address.database}". Correct the connection string.`, "server");
  const ofPooler = POOLER_REFUSALS.find(({ words }) => words.test(message));
  if (ofPooler !== undefined) return explain(ofPooler.sentence);
  // Supabase's pooler uses one code (XX000) for every refusal.
  if ((error as pg.DatabaseError).severity !== undefined)
    return explain(`refuses the connection (${code}): ${message.replace(/\.$/, "")}.`);
  if (address.password === "" && /password must be a string/.test(message))
    return explain(`asks for the password of "${address.user}", but the connection string has none. Add it.`);
  return explain(`cannot be reached (${code || message}). Check the address, the network and that the server runs.`);
}
