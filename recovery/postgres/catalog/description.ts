import { z } from "zod";

import { serverCollationSchema } from "./serverCollation.ts";

/** SHA-256, hexadecimal. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A number of rows, bytes or objects. */
export const count = z.number().int().nonnegative();

/** "app": the app's table. "managed": Supabase's, with rows of the app. "extension": an extension's, with rows of its user. */
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
  /** Which rows of an extension's table are included, as "WHERE …" of pg_extension_config_dump. Absent for all of them. */
  condition: z.string().optional(),
  rows: count,
  /** Of the copy. */
  bytes: count,
  fingerprint,
});
export type BackedUpTable = z.infer<typeof tableSchema>;

const sequenceSchema = z.object({
  schema: z.string(),
  name: z.string(),
  kind,
  /** The last value that it returned, as text since it may exceed a double. Null if it has returned none. */
  lastValue: z.string().nullable(),
  /** The first value that it will return, if it has returned none. */
  nextValue: z.string().nullable(),
  /** Positive if it counts up, negative if it counts down. */
  increment: z.string(),
  /** True if it starts again after its last value, so that a smaller value is not a step back. */
  cycle: z.boolean(),
});
/** The position of a sequence. */
export type BackedUpSequence = z.infer<typeof sequenceSchema>;

export const jobSchema = z.object({
  /** Null for one that was scheduled without a name. */
  name: z.string().nullable(),
  schedule: z.string(),
  commandSha256: sha256,
  database: z.string(),
  username: z.string(),
  active: z.boolean(),
});
/** A scheduled job of pg_cron. The part held-back.json has its command, which may hold a secret. */
export type BackupJob = z.infer<typeof jobSchema>;

const rightSchema = z.object({
  /** A role's name; null for PUBLIC. The reading or restoring role is RESTORER (platformObjects.ts). */
  to: z.string().nullable(),
  /** As GRANT calls it ("EXECUTE"), and becomes part of a GRANT. */
  may: z.string().regex(/^[A-Z][A-Z ]*$/),
  /** Present if the role may grant it to others. */
  grantable: z.literal(true).optional(),
});
/** One right on an object, of a role or of PUBLIC. */
export type Right = z.infer<typeof rightSchema>;

/** What a backup records of its source: the part of its manifest that a database is compared with. */
export const describedSchema = z.object({
  source: z.object({
    host: z.string(),
    port: z.number().int().optional(),
    database: z.string(),
    serverVersion: z.string(),
    pgDumpVersion: z.string(),
    /** Identifies the server, so that no test restore runs on it. Absent if the role may not read it. */
    systemIdentifier: z.string().optional(),
    /** Its default collation. Absent in older backups. */
    collation: serverCollationSchema.optional(),
  }),
  extensions: z.array(z.object({ name: z.string(), version: z.string(), schema: z.string() })),
  sequences: z.array(sequenceSchema),
  /** A restore creates them only when it is released. */
  jobs: z.array(jobSchema),
  /**
   * Names of the publications that belong to the app or publish its tables. A restore creates them only when it is released; held-back.json
   * says what they publish.
   */
  publications: z.array(z.string()),
  /** Columns, constraints, indexes, triggers, policies, functions, views and rights: name → MD5 of the definition. */
  objects: z.record(z.string(), z.string()),
  /**
   * Which of the kinds that were added later (objects.ts) `objects` includes, so that an older manifest differs from one without such
   * objects.
   */
  laterKinds: z.array(z.string()).optional(),
  /**
   * Rights on objects that do not belong to the app, by object: of PUBLIC, of the API's roles, and of the app's roles. Objects of
   * PostgreSQL or of an extension are only listed if their rights were changed. Absent in older backups.
   */
  platformRights: z.record(z.string(), z.array(rightSchema)).optional(),
});
export type DescribedDatabase = z.infer<typeof describedSchema>;
