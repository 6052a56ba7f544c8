import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PromiseError, UserError } from "../clients/errors.ts";
import type { Vault } from "../clients/vault.ts";
import { checkArchive } from "./archive.ts";
import { decompress } from "./compression.ts";
import type { BackupChunk, BackupPart, Manifest } from "./manifest.ts";
import { tableKey, tableName } from "./quote.ts";
import { checkSection, readChunk } from "./readChunk.ts";
import { readPart } from "./readPart.ts";
import { sumChunks } from "./tableContents.ts";
import { together } from "./together.ts";

/** Chunks that are read at once: as one is checked, the others come and are decompressed. */
const READERS = 3;

/** Reads every part and chunk of a backup in full and checks it. */
export async function readBack(
  vault: Vault,
  manifest: Manifest,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  checkTotals(manifest);
  for (const part of manifest.parts) await checkPart(vault, part, signal);
  const queue = [...manifest.chunks];
  const check = async (inner: AbortSignal) => {
    for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) await checkChunk(vault, chunk, inner);
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

async function checkChunk(vault: Vault, chunk: BackupChunk, signal: AbortSignal): Promise<void> {
  for (const section of await readChunk(vault, chunk, signal)) checkSection(chunk, section);
}

async function checkPart(vault: Vault, part: BackupPart, signal: AbortSignal): Promise<void> {
  const content = await readPart(vault, part, signal);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  if (part.name !== "schema.dump") {
    await damaged(part, pipeline(content, decompress(), nowhere));
    return;
  }
  const plain = decompress();
  const [fed, parsed] = await Promise.allSettled([pipeline(content, plain), checkArchive(plain, signal)]);
  signal.throwIfAborted();
  if (fed.status === "rejected" && fed.reason instanceof PromiseError) throw fed.reason;
  if (parsed.status === "rejected") await damaged(part, Promise.reject(parsed.reason as Error));
  if (fed.status === "rejected") throw fed.reason;
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
