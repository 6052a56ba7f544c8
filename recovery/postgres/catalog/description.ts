import { z } from "zod";

/** SHA-256, hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A number of rows, bytes or objects. */
export const count = z.number().int().nonnegative();
/**
 * "app": the app's table. "managed": Supabase's, with rows of the app. "extension": an extension's, with rows of its
 * user.
 */
export const kind = z.enum(["app", "managed", "extension"]);

/** Sum of the hashes of rows (rowSum.ts). */
export const fingerprint = z.string().regex(/^[0-9a-f]{16}$/);
/** A table whose rows a backup holds. */
export const tableSchema = z.object({
  schema: z.string(),
  name: z.string(),
  kind,
  /** Columns in the order of the copy. A restore computes generated columns again. */
  columns: z.array(z.string()),
  /** How its rows are stored in the chunks: text lines, or tuples without the header and trailer of a binary copy. */
  format: z.enum(["text", "binary"]).default("text"),
  /**
   * Which rows of an extension's table are included, as "WHERE …" of pg_extension_config_dump. Absent for all of them.
   */
  condition: z.string().optional(),
  rows: count,
  /** Of the copy. */
  bytes: count,
  fingerprint,
});

/** The position of a sequence. */
export const sequenceSchema = z.object({
  schema: z.string(),
  name: z.string(),
  kind,
  lastValue: z.string().nullable(),
  nextValue: z.string().nullable(),
  increment: z.string(),
  cycle: z.boolean(),
});

/** A scheduled job of pg_cron. The part held-back.json has its command, which may hold a secret. */
export const jobSchema = z.object({
  name: z.string().nullable(),
  schedule: z.string(),
  commandSha256: sha256,
  database: z.string(),
  username: z.string(),
  active: z.boolean(),
});

/** A right on an object of the platform or of an extension (platformRights.ts). */
export const rightSchema = z.object({
  to: z.string().nullable(),
  /** It becomes part of a GRANT. */
  may: z.string().regex(/^[A-Z][A-Z ]*$/),
  grantable: z.literal(true).optional(),
});
export type BackupJob = z.infer<typeof jobSchema>;
export type BackedUpTable = z.infer<typeof tableSchema>;
export type BackedUpSequence = z.infer<typeof sequenceSchema>;

/** What a backup records of its source: the part of its manifest that a database is compared with. */
export interface DescribedDatabase {
  source: { serverVersion: string };
  extensions: { name: string; version: string; schema: string }[];
  sequences: BackedUpSequence[];
  jobs: BackupJob[];
  /** Names of the publications that belong to the app or publish its tables. */
  publications: string[];
  /** Name → MD5 of the definition (objects.ts). */
  objects: Record<string, string>;
  /** Which of the kinds that were added later `objects` includes. */
  laterKinds?: string[] | undefined;
  /** Name of the object → rights (platformRights.ts). */
  platformRights?: Record<string, z.infer<typeof rightSchema>[]> | undefined;
}
