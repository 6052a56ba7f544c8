import { Writable } from "node:stream";
import type { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PromiseError, UserError } from "../clients/errors.ts";
import { checkArchive } from "./archive.ts";
import { canOpen } from "./backupSource.ts";
import type { BackupSource } from "./backupSource.ts";
import { decompress } from "./compression.ts";
import type { BackupChunk, BackupPart, Manifest } from "./manifest.ts";
import { tableKey, tableName } from "./quote.ts";
import { checkSection, fetchChunk, readChunk } from "./readChunk.ts";
import { fetchPart, readPart } from "./readPart.ts";
import { sumChunks } from "./tableContents.ts";
import { together } from "./together.ts";

/** Chunks that are read at once: as one is checked, the others come and are decompressed. */
const READERS = 3;

/**
 * Reads every object of a backup in full and checks it. What is encrypted to an identity that isn't at hand is held against its
 * size and SHA-256 alone.
 */
export async function readBack(
  source: BackupSource,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { manifest } = source;
  checkTotals(manifest);
  for (const part of manifest.parts) await checkPart(source, part, signal);
  for (const file of manifest.files) await drain(await fetchPart(source, file, signal));
  const queue = [...manifest.chunks];
  const check = async (inner: AbortSignal) => {
    for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) await checkChunk(source, chunk, inner);
    return undefined;
  };
  await together<undefined[]>(signal, ...Array.from({ length: READERS }, () => check));
}

/** Whether the chunks together are what the manifest says of each table. */
function checkTotals(manifest: Manifest): void {
  const sums = sumChunks(manifest.chunks);
  for (const table of manifest.tables) {
    const found = sums.get(tableKey(table));
    sums.delete(tableKey(table));
    const [rows, sum] = found === undefined ? [0, table.fingerprint] : [found.sum.lines, found.sum.toString()];
    if (rows === table.rows && sum === table.fingerprint) continue;
    throw new PromiseError(`the chunks hold ${rows} rows of ${tableName(table)}, the database had ${table.rows}`);
  }
  const [stray] = sums.keys();
  if (stray !== undefined) throw new PromiseError(`the chunks hold rows of ${stray}, which is no table of the backup`);
}

async function checkChunk(source: BackupSource, chunk: BackupChunk, signal: AbortSignal): Promise<void> {
  if (!canOpen(source)) {
    await fetchChunk(source, chunk, signal);
    return;
  }
  for (const section of await readChunk(source, chunk, signal)) checkSection(chunk, section);
}

async function checkPart(source: BackupSource, part: BackupPart, signal: AbortSignal): Promise<void> {
  if (!canOpen(source)) {
    await drain(await fetchPart(source, part, signal));
    return;
  }
  const content = await readPart(source, part, signal);
  if (part.name !== "schema.dump") {
    await damaged(part, drain(content, decompress()));
    return;
  }
  const plain = decompress();
  const [fed, parsed] = await Promise.allSettled([pipeline(content, plain), checkArchive(plain, signal)]);
  signal.throwIfAborted();
  if (fed.status === "rejected" && fed.reason instanceof PromiseError) throw fed.reason;
  if (parsed.status === "rejected") await damaged(part, Promise.reject(parsed.reason as Error));
  if (fed.status === "rejected") throw fed.reason;
}

async function drain(...streams: [Readable, ...Duplex[]]): Promise<void> {
  await pipeline([...streams, new Writable({ write: (_chunk, _encoding, done) => done() })]);
}

/** Names the part that an error of decompression or parsing belongs to. */
async function damaged<T>(part: BackupPart, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PromiseError || error instanceof UserError) throw error;
    throw new PromiseError(`${part.key} is damaged: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
