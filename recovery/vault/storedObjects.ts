import { eachRow, fieldOf } from "../postgres/rows/rows.ts";
import type { CopyFormat } from "../postgres/session/copyFormat.ts";
import { tableKey } from "../postgres/session/quote.ts";
import type { BackupSource } from "./backupSource.ts";
import { wholenessOf } from "./completeness.ts";
import type { ObjectIdentity } from "./lacks.ts";
import type { BackupFile } from "./manifest.ts";
import { readChunk, releaseSections } from "./readChunk.ts";

const OBJECTS = { schema: "storage", name: "objects" };
const COLUMNS = ["bucket_id", "name", "version", "metadata"] as const;

/** The storage objects whose bytes a backup has, each with what its row says. */
export async function objectsWithBytes(
  source: BackupSource,
  signal: AbortSignal,
): Promise<{ file: BackupFile; identity: ObjectIdentity }[]> {
  const { manifest } = source;
  const files = manifest.files.filter(({ origin }) => origin === "storage");
  // A manifest with `lacks` also has version and ETag.
  const isRecorded = manifest.lacks !== undefined || files.length === 0;
  const rows = isRecorded ? undefined : new Map((await rowsOf(source, signal)).map((row) => [row.name, row]));
  return files.map((file) => {
    const { name, version, etag } = rows?.get(file.name) ?? file;
    return { file, identity: { name, version, etag } };
  });
}

/** The storage objects whose rows a backup has, but not their bytes. Named "*" if the run could not read the rows. */
export async function objectsWithoutBytes(
  source: BackupSource,
  signal: AbortSignal,
): Promise<(ObjectIdentity & { excused?: true | undefined })[]> {
  const { manifest } = source;
  const isRecorded = manifest.lacks !== undefined && manifest.parts.some(({ name }) => name === "project.json");
  if (isRecorded) return manifest.lacks?.storage ?? [];
  if (wholenessOf(manifest, "storage") === "whole") return [];
  const there = new Set(manifest.files.filter(({ origin }) => origin === "storage").map(({ name }) => name));
  return (await rowsOf(source, signal)).filter(({ name }) => !there.has(name));
}

/** One text for the same name, version and ETag. Undefined if only the name is known, since it may be another object. */
export function identityKey({ name, version, etag }: ObjectIdentity): string | undefined {
  return version === undefined && etag === undefined
    ? undefined
    : JSON.stringify([name, version ?? null, etag ?? null]);
}

/**
 * The rows of storage.objects in a backup.
 *
 * @throws PromiseError if a chunk of them is damaged
 */
async function rowsOf(source: BackupSource, signal: AbortSignal): Promise<ObjectIdentity[]> {
  const { manifest } = source;
  const key = tableKey(OBJECTS);
  const columns = manifest.tables.find((table) => tableKey(table) === key)?.columns ?? [];
  const positions = COLUMNS.map((column) => columns.indexOf(column));
  const found: ObjectIdentity[] = [];
  for (const chunk of manifest.chunks.filter(({ sections }) => sections.some((one) => tableKey(one) === key))) {
    const sections = await readChunk(source, chunk, signal);
    for (const { rows, format } of sections.filter(({ section }) => tableKey(section) === key)) {
      eachRow(rows, 0, rows.length, format, (bytes, start, end) => {
        const [bucket, name, version, metadata] = positions.map((position) =>
          position === -1 ? undefined : textOf(bytes, fieldOf(bytes, start, end, format, position), format),
        );
        if (bucket !== undefined && name !== undefined)
          found.push({ name: `${bucket}/${name}`, version, etag: etagIn(metadata) });
      });
    }
    releaseSections(sections);
  }
  return found;
}

/** A field as text. Undefined for NULL and for an empty field. */
function textOf(bytes: Buffer, [from, to]: readonly [number, number], format: CopyFormat): string | undefined {
  const raw = bytes.toString("utf8", from, to);
  if (raw === "" || (format === "text" && raw === "\\N")) return undefined;
  return format === "binary" ? raw : raw.replaceAll(/\\(.)/gs, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

/** The characters that COPY writes after a backslash (PostgreSQL's documentation of COPY, "Text Format"). */
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** The ETag in an object's metadata. In binary format a byte with jsonb's version comes first. */
function etagIn(metadata: string | undefined): string | undefined {
  if (metadata === undefined) return undefined;
  const parsed = JSON.parse(metadata.slice(metadata.indexOf("{"))) as { eTag?: unknown };
  return typeof parsed.eTag === "string" ? parsed.eTag : undefined;
}
