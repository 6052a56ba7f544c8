import pg from "pg";

import type { ProjectServers } from "../host/services.ts";

/** Asks a project's own database, as superuser, on a connection of its own. Throws when there is no server or it refuses. */
export async function queryProject<R extends pg.QueryResultRow>(
  servers: Pick<ProjectServers, "connection">,
  ref: string,
  sql: string,
  values: string[] = [],
): Promise<R[]> {
  const connection = servers.connection(ref);
  if (connection === undefined) throw new Error("the database server is not running");
  const client = new pg.Client({ connectionString: connection.superuserUrl, connectionTimeoutMillis: 5000 });
  // A server that is destroyed meanwhile must not end the sandbox: the query's own error tells of it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.query<R>(sql, values)).rows;
  } finally {
    await client.end();
  }
}
