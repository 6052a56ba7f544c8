import pg from "pg";

/** How long a connection stays after its last query. */
const IDLE_MS = 1_000;
const MOST = 4;

/** Runs one query as the user of a connection string. */
export type KeptQuery = <R extends pg.QueryResultRow>(url: string, sql: string, values: string[]) => Promise<R[]>;

/**
 * Queries over connections that are kept for a second, some for each connection string. For a service that queries many times in a row: a
 * new connection takes longer than the query, as both sides hash the password some thousand times.
 */
export function keptConnections(): KeptQuery {
  const pools = new Map<string, pg.Pool>();
  const poolOf = (url: string): pg.Pool => {
    const known = pools.get(url);
    if (known !== undefined) return known;
    const made = new pg.Pool({
      connectionString: url,
      max: MOST,
      idleTimeoutMillis: IDLE_MS,
      connectionTimeoutMillis: 5_000,
      allowExitOnIdle: true,
    });
    // A server that stops ends its idle connections. Without a listener that would end the process.
    made.on("error", () => undefined);
    pools.set(url, made);
    return made;
  };
  return async <R extends pg.QueryResultRow>(url: string, sql: string, values: string[]) =>
    (await poolOf(url).query<R>(sql, values)).rows;
}
