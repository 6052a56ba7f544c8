import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import { buffer } from "node:stream/consumers";

import { PromiseError } from "../../services/common/errors.ts";
import { type BackupSource, openerFor } from "./backupSource.ts";
import { decompress } from "./compression.ts";
import type { BackupPart } from "./manifest.ts";
import { matchingVersion } from "./walkVersions.ts";

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
 * A small part's content, decrypted and decompressed. Nothing is decompressed before it has been compared with the
 * manifest: a swapped part could grow to any size.
 */
export async function readPlain(source: BackupSource, part: Stored, signal?: AbortSignal): Promise<Buffer> {
  const stored = await buffer(await readPart(source, part, signal));
  return await buffer(Readable.from([stored]).pipe(decompress()));
}

/**
 * The content of a part as it lies in the vault. The stream fails at its end if size or SHA-256 differ from the
 * manifest, so its content may only be used when it has ended well. If a listing has shown several versions, the
 * matching one is looked for first. A version that was overwritten since then fails, and is looked for the next time.
 */
export async function fetchPart(
  { vault, isFresh }: BackupSource,
  part: Stored,
  signal?: AbortSignal,
): Promise<Readable> {
  const version = isFresh === true ? undefined : await matchingVersion(vault, part, signal);
  const content = await vault.get(part.key, signal, version);
  if (content === undefined) throw new PromiseError(`${part.key} is missing from the vault "${vault.name}"`);
  const check = new PartCheck(part);
  content.once("error", (error) => check.destroy(error));
  check.once("error", (error) => {
    if (error instanceof PromiseError) vault.passedOver.suspect(part.key);
  });
  signal?.addEventListener("abort", () => check.destroy(signal.reason as Error), { once: true });
  // A reader that stops early must not leave the download open.
  check.once("close", () => content.destroy());
  return content.pipe(check);
}

type Stored = Pick<BackupPart, "key" | "sizeBytes" | "sha256">;

class PartCheck extends Transform {
  readonly #part: Stored;
  readonly #hash = createHash("sha256");
  #sizeBytes = 0;

  constructor(part: Stored) {
    super();
    this.#part = part;
  }

  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    done: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    const { key, sizeBytes } = this.#part;
    if (this.#sizeBytes <= sizeBytes) done(null, chunk);
    else done(new PromiseError(`${key} is damaged: it has more than the ${sizeBytes} bytes that were stored`));
  }

  override _flush(done: (error?: Error) => void): void {
    const { key, sizeBytes, sha256 } = this.#part;
    if (this.#sizeBytes !== sizeBytes) {
      done(new PromiseError(`${key} is damaged: it has ${this.#sizeBytes} bytes instead of ${sizeBytes}`));
    } else if (this.#hash.digest("hex") !== sha256) {
      done(new PromiseError(`${key} is damaged: its SHA-256 is not the manifest's`));
    } else {
      done();
    }
  }
}
