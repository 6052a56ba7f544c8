import type pg from "pg";

import type { ProjectServers } from "../host/services.ts";
import { withClient } from "../postgres/client.ts";

/** Queries a project's own database as superuser, on a new connection. Throws when there is no server or it refuses. */
export async function queryProject<R extends pg.QueryResultRow>(
  servers: Pick<ProjectServers, "connection">,
  ref: string,
  sql: string,
  values: string[] = [],
): Promise<R[]> {
  const connection = servers.connection(ref);
  if (connection === undefined) throw new Error("the database server is not running");
  const limit = { connectionTimeoutMillis: 5000 };
  return (await withClient(connection.superuserUrl, (client) => client.query<R>(sql, values), limit)).rows;
}
