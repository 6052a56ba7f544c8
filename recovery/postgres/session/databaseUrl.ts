import { isIPv4 } from "node:net";

import { UserError } from "../../../services/common/errors.ts";

/** The parts of a connection string. */
export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** Whether the server has to prove who it is. @default `disable` on this machine, `verify-full` on any other */
  sslMode: SslMode;
  /** `sslrootcert`: a file of root certificates, their text (PEM), or `system`. @default - see serverTrust.ts */
  rootCertificates?: string | undefined;
}

/** The brackets keep it whole in a message, where passwords of connection strings are taken out. */
const FORM = "Write it as postgresql://user:<password>@host:port/database.";

/** libpq's sslmode, as far as it keeps the password from a server that only claims to be the right one, and no TLS at all. */
export type SslMode = (typeof SSL_MODES)[number];

const SSL_MODES = ["disable", "verify-ca", "verify-full"] as const;

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
  const sslMode = sslModeOf(url, host);
  const rootCertificates = url.searchParams.get("sslrootcert") ?? undefined;
  try {
    return {
      host,
      port,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username),
      sslMode,
      ...(rootCertificates !== undefined && { rootCertificates }),
    };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new UserError(
      "The database's connection string has a % that starts no escape, probably in the password. Write it as %25.",
      { cause: error },
    );
  }
}

/** A connection string whose server is verified by these root certificates (PEM), unless it names some itself. */
export function trusting(connectionString: string, rootCertificates: string | undefined): string {
  if (rootCertificates === undefined || !URL.canParse(connectionString)) return connectionString;
  const url = new URL(connectionString);
  if (!url.searchParams.has("sslrootcert")) url.searchParams.set("sslrootcert", rootCertificates);
  return url.href;
}

/**
 * The mode that a connection string asks for. `require` counts as `verify-full`, as node-postgres takes it: libpq would accept any
 * certificate. `allow` and `prefer` fall back to plain text if the other side wants that, so they protect nothing.
 * (postgresql.org/docs/current/libpq-ssl.html, table "SSL Mode Descriptions".)
 */
function sslModeOf(url: URL, host: string): SslMode {
  const wanted = url.searchParams.get("sslmode") ?? (isLoopback(host) ? "disable" : "verify-full");
  const mode = wanted === "require" ? "verify-full" : SSL_MODES.find((one) => one === wanted);
  if (mode !== undefined) return mode;
  const why =
    wanted === "allow" || wanted === "prefer"
      ? `sslmode=${wanted} sends the password to any server that answers, in plain text if it likes`
      : "its sslmode is not known";
  throw new UserError(
    `The connection string of ${host} cannot be used: ${why}. Leave sslmode out, so that the server's certificate is verified, or write verify-full, verify-ca or disable.`,
  );
}

/** "host:port", for messages. */
export function placeOf(address: DatabaseAddress): string {
  return `${address.host}:${address.port}`;
}

/** Names that only begin like an address of this machine, such as 127.0.0.1.example.org, are another machine's. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}
