import { z } from "zod";

import { PromiseError } from "../../services/common/errors.ts";
import { count, describedSchema, fingerprint, kind, sha256, tableSchema } from "../postgres/catalog/description.ts";
import { largeObjectsSchema } from "../postgres/catalog/largeObjects.ts";
import { leftOutSchema } from "../postgres/catalog/leftOut.ts";
import { BACKUP_KINDS, KINDS } from "./backupKinds.ts";
import { lacksSchema } from "./lacks.ts";
import { storedRepositorySchema } from "./repositoryPart.ts";
import { sealedNamesSchema } from "./sealedNames.ts";

/** Version of the format that this code writes. A reader refuses a higher version, and reads the one before. */
export const FORMAT_VERSION = 4;
/** Version 3 held rows only as text. */
const READABLE_VERSIONS = [3, FORMAT_VERSION] as const;

/** The objects of a backup in addition to its content. Without a manifest and its signature a backup does not exist. */
export const MANIFEST = "manifest.json";
export const SIGNATURE = "manifest.sig";
export const PROOF = "proof.json";
/** The largest size of each, in bytes. An object must be read before its signature can be checked, so only this bounds its size. */
export const MOST_BYTES = { manifest: 400_000_000, signature: 4_096, statement: 16_000_000 } as const;

/**
 * The parts in addition to the rows. docs/architecture.md and {@link Manifest} say what each holds. All are compressed with zstd, and
 * encrypted if the backup is.
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
  "environment.json",
  "variable-values.json",
  "repository.json",
  "source.tar",
] as const;
export type PartName = (typeof PART_NAMES)[number];

const instant = z.iso.datetime();
const partSchema = z.object({
  name: z.enum(PART_NAMES),
  /** Object in the vault. */
  key: z.string().min(1),
  /** Size of the object in the vault, compressed. */
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
  /** The tables whose rows it holds, one after the other. */
  sections: z.array(sectionSchema).min(1),
});

/** A file outside the database: an object of the storage service, the body of an edge function, or a bundle of a repository's history. */
const fileSchema = z.object({
  /** Object in the vault. */
  key: z.string().min(1),
  origin: z.enum(["storage", "function", "bundle"]),
  /** "bucket/path" of a storage object, slug of a function, "owner/name" of a repository. */
  name: z.string().min(1),
  /** Version and ETag of a storage object's row in the snapshot. Absent if the row has none, and in older backups. */
  version: z.string().optional(),
  etag: z.string().optional(),
  contentType: z.string(),
  /** Of the object as it lies in the vault. */
  sizeBytes: count,
  sha256,
  /** Of the content itself, decrypted. */
  contentBytes: count,
  contentSha256: sha256,
});

const manifestSchema = z.object({
  format: z.literal("castchat-backup"),
  formatVersion: z.literal(READABLE_VERSIONS),
  backupId: z.string(),
  kind: z.enum(BACKUP_KINDS),
  /**
   * Present if the backup saved a state that was about to be replaced. Such a state is usually damaged, and comes without storage objects,
   * functions and auth settings.
   */
  purpose: z.literal("safety").optional(),
  /** The app whose variables a backup of kind environment holds, by its name in the settings. Absent for the app without a name. */
  app: z.string().optional(),
  /** What a backup of kind repository holds. Absent in other kinds of backups. */
  repository: storedRepositorySchema.optional(),
  /** Hashes of these variables' names. Absent in other kinds of backups, and in older ones. */
  sealedNames: sealedNamesSchema.optional(),
  /** Present if every part, chunk and file is encrypted to these recipients (age). */
  encryption: z.object({ format: z.literal("age"), recipients: z.array(z.string()).min(1) }).optional(),
  /** Why the run does not count as proven although it was read back, in clauses. Empty for a sound run. */
  suspicions: z.array(z.string()),
  tier: z.string(),
  startedAt: instant,
  /** When the snapshot was taken that every row comes from. */
  snapshotAt: instant,
  finishedAt: instant,
  /** The newest row by the tables' own time columns. Absent if no table has one. */
  newestDataAt: instant.optional(),
  /** Fingerprint of the key that signs. */
  signedBy: z.string(),
  ...describedSchema.shape,
  /** The size of the source's database at its host: compute in the host's own word, disk in GB. Absent if unknown, and in older backups. */
  machine: z.object({ compute: z.string().optional(), diskGb: z.number().positive().optional() }).optional(),
  appSchemas: z.array(z.string()),
  parts: z.array(partSchema),
  chunks: z.array(chunkSchema),
  files: z.array(fileSchema),
  tables: z.array(tableSchema),
  filledViews: z.array(z.object({ schema: z.string(), name: z.string() })),
  /** Absent in a backup without large objects, and in older ones. */
  largeObjects: largeObjectsSchema.optional(),
  seedCounts: z.object({ users: count, posts: count, applications: count }),
  leftOut: z.array(leftOutSchema),
  /** What is missing of the parts outside the database. Absent in other kinds of backups, and in older ones (completeness.ts). */
  lacks: lacksSchema.optional(),
});

/** What a backup holds. It is signed, so that a backup cannot be swapped, altered or back-dated. */
export type Manifest = z.infer<typeof manifestSchema>;
export type BackupPart = z.infer<typeof partSchema>;
export type BackupChunk = z.infer<typeof chunkSchema>;
export type BackupFile = z.infer<typeof fileSchema>;
export type ChunkSection = z.infer<typeof sectionSchema>;

/**
 * Parses a manifest's bytes.
 *
 * @throws PromiseError if they are not of this format
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new PromiseError("the manifest is not JSON", { cause: error });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: "unknown fault" };
  throw new PromiseError(
    `the manifest is not of format version ${FORMAT_VERSION} (${path.join(".") || "whole"}: ${message})`,
  );
}

/**
 * Whether it is a complete state of the database that was not taken just before a replacement. Such a backup may be taken without being
 * named, is held, and counts towards a tier.
 */
export function isRegular({ kind, purpose }: Pick<Manifest, "kind" | "purpose">): boolean {
  return KINDS[kind].isWhole && purpose === undefined;
}

/** The exact bytes that are stored and signed. */
export function manifestBytes(manifest: Manifest): Uint8Array {
  return Buffer.from(JSON.stringify(manifest, undefined, 1) + "\n", "utf8");
}

/** The key of an object of a backup. `prefix` is its tier's, with the closing slash. */
export function keyOf(prefix: string, backupId: string, object: string): string {
  return `${prefix}${backupId}/${object}`;
}

/**
 * The key of an object that a reading of the database stores. Each further attempt of a run has a folder of its own, so that objects of two
 * snapshots never mix, even if an upload of the earlier attempt still arrives.
 */
export function keyInAttempt(place: { prefix: string; backupId: string; attempt: number }, object: string): string {
  return keyOf(place.prefix, place.backupId, place.attempt === 1 ? object : `attempt-${place.attempt}/${object}`);
}

/** The name of a part's object. */
export function partObject(name: PartName): string {
  return `${name}.zst`;
}

/** The name of a chunk's object. */
export function chunkObject(index: number): string {
  return `data/${String(index).padStart(6, "0")}.copy.zst`;
}

/** The name of a file's object. */
export function fileObject(index: number): string {
  return `files/${String(index).padStart(6, "0")}`;
}

/** Every object that holds content. */
export function contentOf(manifest: Manifest): { key: string; sizeBytes: number }[] {
  return [...manifest.parts, ...manifest.chunks, ...manifest.files];
}

/** How many rows a backup holds. */
export function rowsOf({ tables }: Manifest): number {
  return tables.reduce((sum, table) => sum + table.rows, 0);
}

/**
 * The part of that name.
 *
 * @throws PromiseError if the backup has none
 */
export function partOf(manifest: Manifest, name: PartName): BackupPart {
  const part = manifest.parts.find((one) => one.name === name);
  if (part === undefined) throw new PromiseError(`backup ${manifest.backupId} has no ${name}`);
  return part;
}
