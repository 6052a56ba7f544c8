import { UserError } from "../../../services/common/errors.ts";

/** The parts of a connection string. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** libpq's sslmode: as given, else `disable` on this machine and `require` anywhere else. */
  sslMode: string;
}

const DEFAULT_PORT = 5432;
/** Supabase's transaction poolers, the shared one and a project's own: they hand each statement to another session, so a snapshot doesn't hold. */
const TRANSACTION_POOLER_PORT = 6543;
const TRANSACTION_POOLER_HOST = /\.(pooler\.supabase\.com|supabase\.co)$/;

/** Takes a connection string (`postgresql://user:password@host:port/database`) apart. UserError, without the password, when it is none. */
export function parseDatabaseUrl(connectionString: string): DatabaseAddress {
  let url: URL;
  try {
    url = new URL(connectionString);
  } catch (error) {
    throw new UserError(
      "The database's connection string is no address: write postgresql://user:password@host:port/database.",
      { cause: error },
    );
  }
  if (!/^postgres(ql)?:$/.test(url.protocol) || url.hostname === "" || url.username === "") {
    throw new UserError(
      "The database's connection string is incomplete: write postgresql://user:password@host:port/database.",
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? DEFAULT_PORT : Number(url.port);
  if (port === TRANSACTION_POOLER_PORT && TRANSACTION_POOLER_HOST.test(host)) {
    throw new UserError(
      `Port ${port} of ${host} is the transaction pooler, which cannot hold a snapshot: use the session pooler, port 5432.`,
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
      "The database's connection string has a % that begins no escape, most likely in the password: write %25 for it.",
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
