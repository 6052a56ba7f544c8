import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PromiseError, UserError } from "../clients/errors.ts";
import type { Vault } from "../clients/vault.ts";
import { countArchivedRows } from "./archive.ts";
import { decompress } from "./compression.ts";
import type { BackupPart, Manifest } from "./manifest.ts";
import { tableName } from "./quote.ts";
import { readPart } from "./readPart.ts";

/** Reads every part of a backup in full and checks it. */
export async function readBack(vault: Vault, manifest: Manifest, signal?: AbortSignal): Promise<void> {
  // One after the other: the parts' sizes differ by so much that reading two at once gains nothing.
  for (const part of manifest.parts) {
    const content = await readPart(vault, part, signal);
    if (part.name === "app.dump" || part.name === "managed.dump") {
      await checkArchive(manifest, part, content, signal);
    } else {
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      await damaged(part, pipeline(content, decompress(), nowhere));
    }
  }
}

async function checkArchive(
  manifest: Manifest,
  part: BackupPart,
  content: NodeJS.ReadableStream,
  signal?: AbortSignal,
): Promise<void> {
  const plain = decompress();
  const feeding = pipeline(content, plain);
  const [fed, counted] = await Promise.allSettled([feeding, countArchivedRows(plain, signal)]);
  signal?.throwIfAborted();
  if (fed.status === "rejected" && fed.reason instanceof PromiseError) throw fed.reason;
  const rows = await damaged(
    part,
    counted.status === "rejected" ? Promise.reject(counted.reason as Error) : Promise.resolve(counted.value),
  );
  if (fed.status === "rejected") throw fed.reason;
  const kind = part.name === "app.dump" ? "app" : "managed";
  for (const table of manifest.tables.filter((one) => one.kind === kind)) {
    const archived = rows.get(tableName(table));
    if (archived !== table.rows) {
      throw new PromiseError(
        `${part.key} holds ${archived ?? "no"} rows of ${tableName(table)}, the database had ${table.rows}`,
      );
    }
  }
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
