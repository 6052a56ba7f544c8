import { pipeline, Readable } from "node:stream";

import type { Vault } from "../../services/vault/vault.ts";
import { compress } from "./compression.ts";
import { type BackupPart, keyInAttempt, type PartName, partObject } from "./manifest.ts";

/** Where a reading of the database stores its objects. */
export interface RunPlace {
  /** The vault, which encrypts objects first if the backup is encrypted. */
  vault: Vault;
  /** The tier's prefix, with the closing slash. */
  prefix: string;
  backupId: string;
  /** Which attempt of the run this is, from 1. */
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

/** Compresses and uploads a part. If `source` rejects before the upload has ended, the upload fails. */
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
