import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import type { Readable } from "node:stream";
import { PromiseError } from "../../clients/errors.ts";
import { openerFor } from "./backupSource.ts";
import type { BackupSource } from "./backupSource.ts";
import type { BackupPart } from "./manifest.ts";

/** The content of a part or file, opened and still compressed; otherwise as {@link fetchPart}. */
export async function readPart(source: BackupSource, part: Stored, signal?: AbortSignal): Promise<Readable> {
  const opener = openerFor(source);
  const stored = await fetchPart(source, part, signal);
  if (opener === undefined) return stored;
  const opened = await opener.openStream(stored, part.key);
  opened.once("close", () => stored.destroy());
  return opened;
}

/**
 * The content of a part as it lies in the vault. The stream fails at its end when size or SHA-256 is not the
 * manifest's, so nothing that it gave before may be acted on until it has ended well.
 */
export async function fetchPart({ vault }: BackupSource, part: Stored, signal?: AbortSignal): Promise<Readable> {
  const content = await vault.get(part.key, signal);
  if (content === undefined) throw new PromiseError(`${part.key} is missing from the vault "${vault.name}"`);
  const check = new PartCheck(part);
  content.once("error", (error) => check.destroy(error));
  signal?.addEventListener("abort", () => check.destroy(signal.reason as Error), { once: true });
  // A reader that gives up must not leave the download open.
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

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    done(null, chunk);
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
