import type { Connection } from "pg";

/** What the driver's own queries call. Its types declare another signature. */
interface QuerySender {
  query(sql: string): void;
}

/** Sends a statement whose answer one of our query classes reads. */
export function sendQuery(connection: Connection, sql: string): void {
  (connection as unknown as QuerySender).query(sql);
}
