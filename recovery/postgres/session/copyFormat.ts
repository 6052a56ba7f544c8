/**
 * How COPY writes rows: as lines of text, or as tuples in Postgres' binary format, each the number of its fields (16 bits) and of each
 * field its length (32 bits, -1 for NULL) and its bytes ("Binary Format" of COPY in Postgres' documentation).
 */
export type CopyFormat = "text" | "binary";

/** What a binary copy begins with: a signature, no flags, no extension of the header. */
export const BINARY_HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");

/** What it ends with: a number of fields that no tuple has. */
export const BINARY_TRAILER = Buffer.from([0xff, 0xff]);
