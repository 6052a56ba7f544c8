import type { Duplex } from "node:stream";

import pg from "pg";

import { messageOf, UserError } from "../../../services/common/errors.ts";
import { retry } from "../../../services/common/retry.ts";
import { realTiming, type Timing } from "../../../services/common/timing.ts";
import type { CopyFormat } from "./copyFormat.ts";
import { CopyIn } from "./copyIn.ts";
import { CopyOut, type CopySink } from "./copyOut.ts";
import { type DatabaseAddress, parseDatabaseUrl, placeOf } from "./databaseUrl.ts";
import { SQLSTATE, sqlStateOf } from "./sqlState.ts";

/** One connection. All settings that change what a value looks like are pinned. */
export interface Session {
  readonly address: DatabaseAddress;
  /** Major version of the server. */
  readonly serverMajor: number;
  /** The server's version as it writes it ("17.10"). */
  readonly serverVersion: string;
  /** How long all that happens over this connection waits, and for what. */
  readonly timing: Timing;
  /** Runs one statement; or several, separated by semicolons, when there are no values. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs a COPY … TO STDOUT; its rows, of that format, go to the sink. Where the sink fails, the connection is of no more use. */
  copyOut(sql: string, sink: CopySink, format?: CopyFormat): Promise<void>;
  /** Runs a COPY … FROM STDIN with these rows, of that format, as its input. */
  copyIn(sql: string, rows: Buffer, format?: CopyFormat): Promise<void>;
  /**
   * Does work of short statements. If it takes as long as {@link Timing.silenceMs}, the network has fallen silent: the
   * connection is given up, so that all that waits for an answer over it fails.
   */
  promptly<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the connection, also in the middle of a statement, and where nobody answers. */
  end(): Promise<void>;
}

/** How a connection behaves. Times in milliseconds; 0 is no limit. */
export interface SessionOptions {
  /** What the server shows in pg_stat_activity. */
  applicationName: string;
  /** For one statement: an hour, since a role's own limit (2 minutes on Supabase) would end a count of a large table. */
  statementTimeoutMs?: number;
  /** For a wait on a lock. @default - {@link Timing.lockMs} */
  lockTimeoutMs?: number;
  /** Ends the connection. */
  signal?: AbortSignal | undefined;
  /** @default - the real one */
  timing?: Timing | undefined;
}

const HOUR_MS = 3_600_000;

const ATTEMPTS = 5;

/** Opens a connection. A UserError of one sentence, without the password, when it can't be had. */
export async function connect(databaseUrl: string, options: SessionOptions): Promise<Session> {
  return await retry(() => connectOnce(databaseUrl, options), {
    attempts: ATTEMPTS,
    // A gate (recovery/gate) ends sessions of others, and can't know one of ours before it has its name.
    pauseMs: (error) => (wasEnded(error) ? 0 : undefined),
    signal: options.signal,
  });
}

function wasEnded(error: unknown): boolean {
  return [error, (error as Error).cause].some((one) => sqlStateOf(one) === SQLSTATE.ADMIN_SHUTDOWN);
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
    ssl: sslOf(address.sslMode),
    application_name: options.applicationName,
    connectionTimeoutMillis: timing.connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: timing.keepaliveMs,
  });
  // A connection that is lost between two statements is told by the next one; without a listener it would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    // A server that was not answered to its end would keep the connection, and so this process, for a minute.
    streamOf(client).destroy();
    throw explainConnectionError(error, address);
  }
  const abort = () => void client.end();
  options.signal?.addEventListener("abort", abort, { once: true });
  /** What an abort has broken fails with the abort's reason. */
  const unlessAborted = async <T>(work: () => Promise<T>): Promise<T> => {
    options.signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    }
  };
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
      options.signal?.removeEventListener("abort", abort);
      const timer = setTimeout(() => streamOf(client).destroy(), timing.goodbyeMs);
      await client.end();
      clearTimeout(timer);
    },
  };
  try {
    const [version] = await session.promptly(async () => {
      await pinSettings(session, options);
      return await session.query<{ number: number; text: string }>(
        "select current_setting('server_version_num')::int as number, split_part(current_setting('server_version'), ' ', 1) as text",
      );
    });
    if (version === undefined) throw new Error("the server tells no version");
    return { ...session, serverMajor: Math.floor(version.number / 10_000), serverVersion: version.text };
  } catch (error) {
    await session.end();
    throw error;
  }
}

/** The connection's socket, which the driver's types keep to themselves. */
function streamOf(client: pg.Client): Duplex {
  return (client as unknown as { connection: { stream: Duplex } }).connection.stream;
}

/** Opens a connection for as long as `work` takes, and ends it whatever happens. */
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
 * Timeouts set on purpose, and everything that changes how a value is written as text. A name that a server does not know
 * (transaction_timeout before 17) is passed over. `row_security = off` makes a filtered read an error instead of silence.
 */
async function pinSettings(session: Pick<Session, "query" | "timing">, options: SessionOptions): Promise<void> {
  const settings: Record<string, string | number> = {
    // A pooler tells the server its own name when it connects; the gate and the watch for waiting sessions know ours by this one.
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs ?? HOUR_MS,
    lock_timeout: options.lockTimeoutMs ?? session.timing.lockMs,
    idle_in_transaction_session_timeout: 4 * HOUR_MS,
    transaction_timeout: 6 * HOUR_MS,
    // Between two transactions a session may hold a lock of its own (one run at a time), for as long as a run takes.
    idle_session_timeout: 0,
    // The server notices within this time that we are gone, also in the middle of a statement.
    client_connection_check_interval: 1_000,
    // The same where the network has gone: by its own default it would keep our locks for two hours.
    tcp_keepalives_idle: 30,
    tcp_keepalives_interval: 10,
    tcp_keepalives_count: 3,
    tcp_user_timeout: 60_000,
    row_security: "off",
    // A gate that is closed (recovery/gate/writeGate.ts) is closed to others.
    default_transaction_read_only: "off",
    DateStyle: "ISO, YMD",
    TimeZone: "UTC",
    IntervalStyle: "postgres",
    bytea_output: "hex",
    extra_float_digits: 1,
    xmloption: "content",
    lc_monetary: "C",
  };
  // Alone and first: where a role's own path looks elsewhere before pg_catalog, what follows could be anybody's function.
  await session.query("set search_path = ''");
  await session.query(
    `select set_config(s.name, wanted.value, false)
       from unnest($1::text[], $2::text[]) as wanted (name, value)
       join pg_catalog.pg_settings s on lower(s.name) = lower(wanted.name)`,
    [Object.keys(settings), Object.values(settings).map(String)],
  );
}

function sslOf(mode: string): boolean | { rejectUnauthorized: boolean } {
  if (mode === "disable" || mode === "allow" || mode === "prefer") return false;
  return { rejectUnauthorized: mode.startsWith("verify") };
}

/** What a server says by SQLSTATE. */
const REFUSALS: Readonly<Record<string, (address: DatabaseAddress) => string>> = {
  [SQLSTATE.INVALID_PASSWORD]: (address) =>
    `The database ${placeOf(address)} refuses the password of "${address.user}": correct the connection string.`,
  [SQLSTATE.INVALID_AUTHORIZATION_SPECIFICATION]: (address) =>
    `The database ${placeOf(address)} does not let "${address.user}" in: correct the connection string.`,
  [SQLSTATE.INSUFFICIENT_PRIVILEGE]: (address) =>
    `The database ${placeOf(address)} gives "${address.user}" no right to connect: use the role that owns it, or see whether writes are stopped (castchat-recovery writes status).`,
  [SQLSTATE.INVALID_CATALOG_NAME]: (address) =>
    `The server ${placeOf(address)} has no database "${address.database}": correct the connection string.`,
  [SQLSTATE.CANNOT_CONNECT_NOW]: (address) =>
    `The database ${placeOf(address)} is starting, stopping or recovering: wait until it takes connections, then run the same command again.`,
  [SQLSTATE.TOO_MANY_CONNECTIONS]: (address) =>
    `The database ${placeOf(address)} has no free connection: try again, or end some of its clients.`,
};

function explainConnectionError(error: unknown, address: DatabaseAddress): UserError {
  const code = sqlStateOf(error);
  const refusal = REFUSALS[code];
  if (refusal !== undefined) return new UserError(refusal(address), { cause: error });
  // Supabase's pooler has one code (XX000) for all that it says no with: that a project is paused, that its connections are used up.
  if ((error as pg.DatabaseError).severity !== undefined)
    return new UserError(
      `The database ${placeOf(address)} refuses the connection (${code}): ${messageOf(error).replace(/\.$/, "")}.`,
      { cause: error },
    );
  if (address.password === "" && /password must be a string/.test(messageOf(error))) {
    return new UserError(
      `The database ${placeOf(address)} asks for the password of "${address.user}", and the connection string holds none: add it.`,
      { cause: error },
    );
  }
  const reason = code === "" ? messageOf(error) : code;
  return new UserError(
    `The database ${placeOf(address)} cannot be reached (${reason}): check the address, the network and that the server runs.`,
    {
      cause: error,
    },
  );
}
