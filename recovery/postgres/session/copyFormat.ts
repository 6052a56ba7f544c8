import type { Connection } from "pg";

/**
 * How COPY writes rows: as lines of text, or as tuples in PostgreSQL's binary format. A tuple is the number of its fields (16 bits), and
 * for each field its length (32 bits, -1 for NULL) and its bytes (PostgreSQL's documentation of COPY, "Binary Format").
 */
export type CopyFormat = "text" | "binary";

/** What a binary copy starts with: a signature, no flags, no header extension. */
export const BINARY_HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");

/** What a binary copy ends with: a number of fields that no tuple has. */
export const BINARY_TRAILER = Buffer.from([0xff, 0xff]);

/** Sends a statement whose answer one of our query classes reads. */
export function sendQuery(connection: Connection, sql: string): void {
  // What the driver's own queries call. Its types declare another signature.
  (connection as unknown as { query(sql: string): void }).query(sql);
}
