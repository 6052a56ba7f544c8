import { createHash } from "node:crypto";
import { pipeline, Readable, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";

import { PromiseError } from "../../services/common/errors.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { type BackupSource, openerFor } from "./backupSource.ts";
import { decompress } from "./compression.ts";
import type { BackupPart } from "./manifest.ts";
import { matchingVersion } from "./walkVersions.ts";

/** What a manifest says of any object. */
export type Stored = Pick<BackupPart, "key" | "sizeBytes" | "sha256">;

/** The fault of an object that is gone. */
export function missing(key: string, { name }: Vault): PromiseError {
  return new PromiseError(`${key} is missing from the vault "${name}"`);
}

/** The fault of an object that holds something else than it should. */
export function damaged(key: string, how: string, cause?: unknown): PromiseError {
  return new PromiseError(`${key} is damaged: ${how}`, { cause });
}

/** The fault of an object with this size and SHA-256. Undefined if they are the manifest's. */
export function faultOf({ key, ...wanted }: Stored, sizeBytes: number, sha256: string): PromiseError | undefined {
  if (sizeBytes !== wanted.sizeBytes) return damaged(key, `it has ${sizeBytes} bytes instead of ${wanted.sizeBytes}`);
  return sha256 === wanted.sha256 ? undefined : damaged(key, "its SHA-256 is not the manifest's");
}

/** The content of a part or file, decrypted but still compressed; otherwise like {@link fetchPart}. */
export async function readPart(source: BackupSource, part: Stored, signal?: AbortSignal): Promise<Readable> {
  const opener = openerFor(source);
  const stored = await fetchPart(source, part, signal);
  if (opener === undefined) return stored;
  const opened = await opener.openStream(stored, part.key);
  opened.once("close", () => stored.destroy());
  return opened;
}

/**
 * A small part's content, decrypted and decompressed. Nothing is decompressed before it has been compared with the manifest: a swapped part
 * could grow to any size.
 */
export async function readPlain(source: BackupSource, part: Stored, signal?: AbortSignal): Promise<Buffer> {
  const stored = await buffer(await readPart(source, part, signal));
  return await buffer(Readable.from([stored]).pipe(decompress()));
}

/**
 * The content of a part as it lies in the vault. The stream fails at its end if size or SHA-256 differ from the manifest, so its content
 * may only be used when it has ended well. If a listing has shown several versions, the matching one is looked for first. A version that
 * was overwritten since then fails, and is looked for the next time.
 */
export async function fetchPart(
  { vault, isFresh }: BackupSource,
  part: Stored,
  signal?: AbortSignal,
): Promise<Readable> {
  const version = isFresh === true ? undefined : await matchingVersion(vault, part, signal);
  const content = await vault.get(part.key, signal, version);
  if (content === undefined) throw missing(part.key, vault);
  const check = checkOf(part);
  check.once("error", (error) => {
    if (error instanceof PromiseError) vault.passedOver.suspect(part.key);
  });
  signal?.addEventListener("abort", () => check.destroy(signal.reason as Error), { once: true });
  // Also closes the download if a reader stops early.
  pipeline(content, check, () => undefined);
  return check;
}

/** Passes bytes on, and fails if they are not the part's. */
function checkOf(part: Stored): Transform {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      hash.update(piece);
      sizeBytes += piece.length;
      if (sizeBytes <= part.sizeBytes) done(null, piece);
      else done(damaged(part.key, `it has more than the ${part.sizeBytes} bytes that were stored`));
    },
    flush(done) {
      done(faultOf(part, sizeBytes, hash.digest("hex")));
    },
  });
}
