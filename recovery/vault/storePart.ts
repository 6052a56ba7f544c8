import { pipeline, Readable } from "node:stream";

import type { Vault } from "../../services/vault/vault.ts";
import { compress } from "./compression.ts";
import { type BackupPart, keyInAttempt, type PartName, partObject } from "./manifest.ts";

/** Where a reading of the database puts its objects. */
export interface RunPlace {
  /** Where they are put; seals them first where the backup is encrypted. */
  vault: Vault;
  /** The tier's, with the closing slash. */
  prefix: string;
  backupId: string;
  /** Which reading of the run this is, from 1. */
  attempt: number;
  lockUntil: Date | undefined;
}

/** Stores a text as a part. */
export async function storeText(
  context: RunPlace,
  name: PartName,
  text: string,
  signal: AbortSignal,
): Promise<BackupPart> {
  return await store(context, name, Readable.from([Buffer.from(text, "utf8")]), signal);
}

/** Compresses and uploads. `source` fails the upload where it rejects before the stream's end has been taken as complete. */
export async function store(
  context: RunPlace,
  name: PartName,
  content: Readable,
  signal: AbortSignal,
  source?: Promise<void>,
): Promise<BackupPart> {
  const key = keyInAttempt(context, partObject(name));
  const compressed = compress();
  source?.catch((error: unknown) => compressed.destroy(error as Error));
  pipeline(content, compressed, () => undefined);
  const stored = await context.vault.put(key, compressed, {
    contentType: "application/zstd",
    lockUntil: context.lockUntil,
    signal,
  });
  return { name, key, sizeBytes: stored.sizeBytes, sha256: stored.sha256 };
}
