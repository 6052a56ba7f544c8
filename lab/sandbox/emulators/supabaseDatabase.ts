import pg from "pg";

import type { ProjectServers } from "../host/services.ts";

/** Queries a project's own database as superuser, on a new connection. Throws when there is no server or it refuses. */
export async function queryProject<R extends pg.QueryResultRow>(
  servers: Pick<ProjectServers, "connection">,
  ref: string,
  sql: string,
  values: string[] = [],
): Promise<R[]> {
  const connection = servers.connection(ref);
  if (connection === undefined) throw new Error("the database server is not running");
  const client = new pg.Client({ connectionString: connection.superuserUrl, connectionTimeoutMillis: 5000 });
  // The server may be destroyed during the query. The query's own error reports that, and must not end the sandbox.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.query<R>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
