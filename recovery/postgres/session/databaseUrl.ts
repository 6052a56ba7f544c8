import { UserError } from "../../../services/common/errors.ts";

/** The parts of a connection string. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** libpq's sslmode. @default `disable` on this machine, `require` on any other */
  sslMode: string;
}

/** The brackets keep it whole in a message, where passwords of connection strings are taken out. */
const FORM = "Write it as postgresql://user:<password>@host:port/database.";

const DEFAULT_PORT = 5432;
/**
 * The port of Supabase's transaction poolers, shared and dedicated. They run each statement in another session, so they can't hold a
 * snapshot.
 */
const TRANSACTION_POOLER_PORT = 6543;
const TRANSACTION_POOLER_HOST = /\.(pooler\.supabase\.com|supabase\.co)$/;

/**
 * Parses a connection string (`postgresql://user:password@host:port/database`).
 *
 * @throws UserError, without the password, if it is invalid
 */
export function parseDatabaseUrl(connectionString: string): DatabaseAddress {
  let url: URL;
  try {
    url = new URL(connectionString);
  } catch (error) {
    throw new UserError(`The database's connection string is not a URL. ${FORM}`, { cause: error });
  }
  if (!/^postgres(ql)?:$/.test(url.protocol))
    throw new UserError(`The database's connection string is not one of PostgreSQL. ${FORM}`);
  if (url.hostname === "" || url.username === "")
    throw new UserError(`The database's connection string has no host or no user. ${FORM}`);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  if (port === TRANSACTION_POOLER_PORT && TRANSACTION_POOLER_HOST.test(host)) {
    throw new UserError(
      `Port ${port} of ${host} is the transaction pooler, which cannot hold a snapshot. Use the session pooler on port 5432.`,
    );
  }
  try {
    return {
      host,
      port,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username),
      sslMode: url.searchParams.get("sslmode") ?? (isLoopback(host) ? "disable" : "require"),
    };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new UserError(
      "The database's connection string has a % that starts no escape, probably in the password. Write it as %25.",
      { cause: error },
    );
  }
}

/** "host:port", for messages. */
export function placeOf(address: DatabaseAddress): string {
  return `${address.host}:${address.port}`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
