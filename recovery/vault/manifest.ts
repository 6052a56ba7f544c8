import { z } from "zod";

import { PromiseError } from "../../services/common/errors.ts";
import {
  count,
  fingerprint,
  jobSchema,
  kind,
  rightSchema,
  sequenceSchema,
  sha256,
  tableSchema,
} from "../postgres/catalog/description.ts";
import { leftOutSchema } from "../postgres/catalog/leftOut.ts";
import { BACKUP_KINDS, KINDS } from "./backupKinds.ts";
import { lacksSchema } from "./lacks.ts";

/** Version of the format that this code writes. A reader refuses a higher one, and reads the one before. */
export const FORMAT_VERSION = 4;
/** Version 3 had text alone. */
const READABLE_VERSIONS = [3, FORMAT_VERSION] as const;

/** The objects of a backup beside its parts. Without a manifest and its signature a backup does not exist. */
export const MANIFEST = "manifest.json";
export const SIGNATURE = "manifest.sig";
export const PROOF = "proof.json";
/** How large each may be at most, in bytes: nothing says so but this, since all of it must be read before its signature can be. */
export const MOST_BYTES = { manifest: 400_000_000, signature: 4_096, statement: 16_000_000 } as const;

/**
 * The parts beside the rows: what each holds is in docs/architecture.md and in {@link Manifest}. All are compressed with zstd,
 * and sealed where the backup is.
 */
export const PART_NAMES = [
  "schema.dump",
  "roles.sql",
  "managed-objects.sql",
  "held-back.json",
  "configuration.json",
  "large-objects.dump",
  "project.json",
  "vault-secrets.json",
] as const;
export type PartName = (typeof PART_NAMES)[number];

const instant = z.iso.datetime();
const partSchema = z.object({
  name: z.enum(PART_NAMES),
  /** Object in the vault. */
  key: z.string().min(1),
  /** Of the object as it lies in the vault, compressed. */
  sizeBytes: count,
  sha256,
});

const sectionSchema = z.object({ schema: z.string(), name: z.string(), rows: count, bytes: count, fingerprint });

const chunkSchema = z.object({
  /** Object in the vault: one zstd frame of rows. */
  key: z.string().min(1),
  kind,
  sizeBytes: count,
  sha256,
  /** The tables whose rows lie in it, one after the other. */
  sections: z.array(sectionSchema).min(1),
});

/** Bytes that lie beside the database: an object of the storage service, or the body of an edge function. */
const fileSchema = z.object({
  /** Object in the vault. */
  key: z.string().min(1),
  origin: z.enum(["storage", "function"]),
  /** "bucket/path" of a storage object, slug of a function. */
  name: z.string().min(1),
  /** Of a storage object: version and ETag of its row in the snapshot; absent where the row has none, and in older backups. */
  version: z.string().optional(),
  etag: z.string().optional(),
  contentType: z.string(),
  /** Of the object as it lies in the vault. */
  sizeBytes: count,
  sha256,
  /** Of the content itself. */
  contentBytes: count,
  contentSha256: sha256,
});

const manifestSchema = z.object({
  format: z.literal("castchat-backup"),
  formatVersion: z.literal(READABLE_VERSIONS),
  backupId: z.string(),
  kind: z.enum(BACKUP_KINDS),
  /** Present where it was taken of a state that was about to be replaced: damage, as a rule, and without what lies beside the database. */
  purpose: z.literal("safety").optional(),
  /** Present where every part, chunk and file is encrypted to these recipients (age). */
  encryption: z.object({ format: z.literal("age"), recipients: z.array(z.string()).min(1) }).optional(),
  /** Why the run does not count as proven although it could be read back, in clauses. Empty for a sound one. */
  suspicions: z.array(z.string()),
  tier: z.string(),
  startedAt: instant,
  /** When the one snapshot was taken that every row comes from. */
  snapshotAt: instant,
  finishedAt: instant,
  /** Newest row by the tables' own time columns; absent where no table has one. */
  newestDataAt: instant.optional(),
  /** Fingerprint of the key that signs. */
  signedBy: z.string(),
  source: z.object({
    host: z.string(),
    port: z.number().int().optional(),
    database: z.string(),
    serverVersion: z.string(),
    pgDumpVersion: z.string(),
    /** Tells the server from all others: no test restore may run on it. Absent where the role may not read it. */
    systemIdentifier: z.string().optional(),
  }),
  extensions: z.array(z.object({ name: z.string(), version: z.string(), schema: z.string() })),
  appSchemas: z.array(z.string()),
  parts: z.array(partSchema),
  chunks: z.array(chunkSchema),
  files: z.array(fileSchema),
  tables: z.array(tableSchema),
  filledViews: z.array(z.object({ schema: z.string(), name: z.string() })),
  sequences: z.array(sequenceSchema),
  /** What the large objects are together (largeObjects.ts); absent in a backup without them, and from before they were looked at. */
  largeObjects: z.object({ count, bytes: count, fingerprint: z.string() }).optional(),
  /** A restore brings them back only once it is released. */
  jobs: z.array(jobSchema),
  /** Names of the publications that are the app's or publish its tables; likewise, and held-back.json says what they publish. */
  publications: z.array(z.string()),
  seedCounts: z.object({ users: count, posts: count, applications: count }),
  /** Columns, constraints, indexes, triggers, policies, functions, views and rights: name → MD5 of the definition. */
  objects: z.record(z.string(), z.string()),
  /** Which of the kinds that came later (objects.ts) `objects` was made with, so that one which has none of a kind says so. */
  laterKinds: z.array(z.string()).optional(),
  /**
   * Rights on what is not the app's own: name of the object → rights, of PUBLIC, the API's roles and the app's. What PostgreSQL or an
   * extension has made is here only where its rights were changed. Absent in backups from before they were looked at.
   */
  platformRights: z.record(z.string(), z.array(rightSchema)).optional(),
  leftOut: z.array(leftOutSchema),
  /** What of the parts beside the database is missing; absent in backups of other kinds, and in older ones (completeness.ts). */
  lacks: lacksSchema.optional(),
});

/** What a backup holds. Signed, so that nobody can swap, alter or back-date one. */
export type Manifest = z.infer<typeof manifestSchema>;
export type BackupPart = z.infer<typeof partSchema>;
export type BackupChunk = z.infer<typeof chunkSchema>;
export type BackupFile = z.infer<typeof fileSchema>;
export type ChunkSection = z.infer<typeof sectionSchema>;
/** Reads a manifest's bytes. PromiseError when they are none of this format. */
export function parseManifest(bytes: Uint8Array): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new PromiseError("the manifest is no JSON", { cause: error });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: "unknown fault" };
  throw new PromiseError(
    `the manifest is not of format version ${FORMAT_VERSION} (${path.join(".") || "whole"}: ${message})`,
  );
}

/**
 * Whether it is a whole state of the database as it was meant to be, so that it may be taken where no backup is named, held, and
 * counted for a tier.
 */
export function isRegular({ kind, purpose }: Pick<Manifest, "kind" | "purpose">): boolean {
  return KINDS[kind].isWhole && purpose === undefined;
}

/** The exact bytes that are stored and signed. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  return Buffer.from(JSON.stringify(manifest, undefined, 1) + "\n", "utf8");
}

/** Where an object of a backup lies. `prefix` is its tier's, with the closing slash. */
export function keyOf(prefix: string, backupId: string, object: string): string {
  return `${prefix}${backupId}/${object}`;
}

/**
 * Where a reading of the database puts an object. Each reading of a run that began anew has a folder of its own, so that parts of
 * two snapshots never mix, whatever still arrives of the one before.
 */
export function keyInAttempt(place: { prefix: string; backupId: string; attempt: number }, object: string): string {
  return keyOf(place.prefix, place.backupId, place.attempt === 1 ? object : `attempt-${place.attempt}/${object}`);
}

/** The object of a part: compressed, as its name says. */
export function partObject(name: PartName): string {
  return `${name}.zst`;
}

/** The object of a chunk of rows. */
export function chunkObject(index: number): string {
  return `data/${String(index).padStart(6, "0")}.copy.zst`;
}

/** The object of a file. */
export function fileObject(index: number): string {
  return `files/${String(index).padStart(6, "0")}`;
}

/** Every object that holds content. */
export function contentOf(manifest: Manifest): { key: string; sizeBytes: number }[] {
  return [...manifest.parts, ...manifest.chunks, ...manifest.files];
}

/** The part of that name; PromiseError where the backup has none. */
export function partOf(manifest: Manifest, name: PartName): BackupPart {
  const part = manifest.parts.find((one) => one.name === name);
  if (part === undefined) throw new PromiseError(`backup ${manifest.backupId} has no ${name}`);
  return part;
}
