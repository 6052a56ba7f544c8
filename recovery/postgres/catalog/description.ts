import { z } from "zod";

/** SHA-256, hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A number of rows, bytes or objects. */
export const count = z.number().int().nonnegative();
/** Whose a table is: the app's, Supabase's with the app's rows in it, or an extension's with rows that aren't its own. */
export const kind = z.enum(["app", "managed", "extension"]);

/** Sum of the hashes of rows (rowSum.ts). */
export const fingerprint = z.string().regex(/^[0-9a-f]{16}$/);
/** A table whose rows a backup holds. */
export const tableSchema = z.object({
  schema: z.string(),
  name: z.string(),
  kind,
  /** Columns in the order of the copy; generated ones are computed anew. */
  columns: z.array(z.string()),
  /** How its rows lie in the chunks: lines, or tuples without the header and trailer of a binary copy. */
  format: z.enum(["text", "binary"]).default("text"),
  /** Which rows of an extension's table are meant, as "WHERE …" of pg_extension_config_dump; absent for all of them. */
  condition: z.string().optional(),
  rows: count,
  /** Of the copy. */
  bytes: count,
  fingerprint,
});

/** Where a sequence stands. */
export const sequenceSchema = z.object({
  schema: z.string(),
  name: z.string(),
  kind,
  lastValue: z.string().nullable(),
  nextValue: z.string().nullable(),
  increment: z.string(),
  cycle: z.boolean(),
});

/** A scheduled job of pg_cron; the part held-back.json has its command, which may hold a secret. */
export const jobSchema = z.object({
  name: z.string().nullable(),
  schedule: z.string(),
  commandSha256: sha256,
  database: z.string(),
  username: z.string(),
  active: z.boolean(),
});

/** A right on what the platform or an extension has made (platformRights.ts). */
export const rightSchema = z.object({
  to: z.string().nullable(),
  /** It becomes part of a GRANT. */
  may: z.string().regex(/^[A-Z][A-Z ]*$/),
  grantable: z.literal(true).optional(),
});
export type BackupJob = z.infer<typeof jobSchema>;
export type BackedUpTable = z.infer<typeof tableSchema>;
export type BackedUpSequence = z.infer<typeof sequenceSchema>;

/** What a backup says of the database that it was taken from: the part of its manifest that a database is compared with. */
export interface DescribedDatabase {
  source: { serverVersion: string };
  extensions: { name: string; version: string; schema: string }[];
  sequences: BackedUpSequence[];
  jobs: BackupJob[];
  /** Names of the publications that are the app's or publish its tables. */
  publications: string[];
  /** Name → MD5 of the definition (objects.ts). */
  objects: Record<string, string>;
  /** Which of the kinds that came later `objects` was made with. */
  laterKinds?: string[] | undefined;
  /** Name of the object → rights (platformRights.ts). */
  platformRights?: Record<string, z.infer<typeof rightSchema>[]> | undefined;
}
