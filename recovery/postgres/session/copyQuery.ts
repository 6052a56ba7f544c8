import type { Connection } from "pg";

/** What the driver's own queries call; its types name another signature. */
interface QuerySender {
  query(sql: string): void;
}

/** Sends a statement whose answers a query of our own reads. */
export function sendQuery(connection: Connection, sql: string): void {
  (connection as unknown as QuerySender).query(sql);
}
