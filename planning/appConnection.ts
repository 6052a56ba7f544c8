/**
 * How an app reaches its database on Supabase. `transaction`: the pooler gives a connection for each transaction, as functions that live for
 * a moment need it. `session`: the pooler gives one for each client, and has few. `direct`: without a pooler, over IPv6 unless the project
 * has an IPv4 address. Source: https://supabase.com/docs/guides/database/connecting-to-postgres
 */
export const APP_CONNECTIONS = ["transaction", "session", "direct"] as const;
export type AppConnection = (typeof APP_CONNECTIONS)[number];

/** Supabase's shared pooler, and the role of a project there: "postgres.REF". */
const POOLER = /\.pooler\.supabase\.com$/;
const ROLE_AND_REF = /^(.+)\.([a-z0-9]+)$/;
const TRANSACTION_PORT = "6543";

/**
 * The address by which an app connects. The Management API lists the transaction pooler (GET /v1/projects/{ref}/config/database/pooler: host,
 * user, port 6543), which serves sessions on port 5432 of the same host. A server that is not behind that pooler has one address for all.
 *
 * @param sessionUrl the session pooler's address, with the password
 */
export function appConnectionString(sessionUrl: string, connection: AppConnection): string {
  if (connection === "session" || !URL.canParse(sessionUrl)) return sessionUrl;
  const url = new URL(sessionUrl);
  const [, role, ref] = ROLE_AND_REF.exec(url.username) ?? [];
  if (!POOLER.test(url.hostname) || role === undefined || ref === undefined) return sessionUrl;
  if (connection === "transaction") url.port = TRANSACTION_PORT;
  else [url.hostname, url.username] = [`db.${ref}.supabase.co`, role];
  return url.href;
}
