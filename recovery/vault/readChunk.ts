import { hash } from "node:crypto";

import { PromiseError } from "../../services/common/errors.ts";
import { releaseAround } from "../../services/common/releaseMemory.ts";
import { RowSum } from "../postgres/rows/rowSum.ts";
import type { CopyFormat } from "../postgres/session/copyFormat.ts";
import { tableKey, tableName } from "../postgres/session/quote.ts";
import { type BackupSource, openerFor } from "./backupSource.ts";
import { decompressBytes } from "./compression.ts";
import type { BackupChunk, ChunkSection, Manifest } from "./manifest.ts";
import { damaged, faultOf, missing, type Stored } from "./readPart.ts";
import { readGood } from "./walkVersions.ts";

/** A table's rows in a chunk. */
export interface SectionRows {
  section: ChunkSection;
  format: CopyFormat;
  rows: Buffer;
}

/**
 * Downloads a chunk and compares its size and SHA-256 with the manifest. If the newest version does not match, an older one that matches is
 * taken.
 *
 * @throws PromiseError if no version matches
 */
export async function fetchChunk(
  { vault, isFresh }: BackupSource,
  chunk: Stored,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { key, sizeBytes } = chunk;
  const judge = (bytes: Uint8Array) => {
    const fault = faultOf(chunk, bytes.length, hash("sha256", bytes));
    if (fault !== undefined) throw fault;
    return bytes;
  };
  const found =
    isFresh === true
      ? await vault.getBytes(key, signal, sizeBytes).then((bytes) => bytes && judge(bytes))
      : await readGood(vault, { key, sizeBytes, mostBytes: sizeBytes }, judge, signal);
  if (found === undefined) throw missing(key, vault);
  return found;
}

/** Downloads, decrypts and decompresses a chunk, and compares its plain size with the manifest too. */
export async function readChunk(
  source: BackupSource,
  chunk: BackupChunk,
  signal?: AbortSignal,
): Promise<SectionRows[]> {
  const opener = openerFor(source);
  const stored = await fetchChunk(source, chunk, signal);
  const bytes = opener === undefined ? stored : await opener.openBytes(stored, chunk.key);
  const plainBytes = chunk.sections.reduce((sum, section) => sum + section.bytes, 0);
  let plain: Buffer;
  try {
    plain = await decompressBytes(bytes, plainBytes);
  } catch (error) {
    throw damaged(chunk.key, (error as Error).message, error);
  }
  if (plain.length !== plainBytes)
    throw damaged(chunk.key, `it holds ${plain.length} bytes of rows instead of ${plainBytes}`);
  releaseAround(bytes);
  releaseAround(stored);
  let end = 0;
  const formats = formatsOf(source.manifest);
  return chunk.sections.map((section) => ({
    section,
    format: formats.get(tableKey(section)) ?? "text",
    rows: plain.subarray(end, (end += section.bytes)),
  }));
}

/** Frees a chunk's memory. Its rows must not be used afterwards. */
export function releaseSections([first]: readonly SectionRows[]): void {
  if (first !== undefined) releaseAround(first.rows);
}

/**
 * Compares a section's rows with what its chunk says of them.
 *
 * @throws PromiseError if they differ
 */
export function checkSection(chunk: BackupChunk, { section, format, rows }: SectionRows): void {
  const sum = new RowSum();
  const isWhole = sum.addAll(rows, 0, rows.length, format);
  if (isWhole && sum.rows === section.rows && sum.toString() === section.fingerprint) return;
  throw new PromiseError(
    `${chunk.key} does not hold the ${section.rows} rows of ${tableName(section)} as they were read: it holds ${sum.rows} rows`,
  );
}

const known = new WeakMap<Manifest, ReadonlyMap<string, CopyFormat>>();

/** The formats of a manifest's tables, by {@link tableKey}. They are collected once, not for each chunk. */
function formatsOf(manifest: Manifest): ReadonlyMap<string, CopyFormat> {
  const formats = known.get(manifest) ?? new Map(manifest.tables.map((table) => [tableKey(table), table.format]));
  known.set(manifest, formats);
  return formats;
}
