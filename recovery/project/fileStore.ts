import { createHash } from "node:crypto";
import { pipeline, type Readable, Transform } from "node:stream";

import { type BackupFile, fileObject, keyInAttempt } from "../vault/manifest.ts";
import type { RunPlace } from "../vault/storePart.ts";

/** Stores files in the backup's folder. Memory use does not depend on their size. */
export class FileStore {
  readonly #place: RunPlace;
  readonly #files: BackupFile[] = [];
  #begun = 0;

  constructor(place: RunPlace) {
    this.#place = place;
  }

  /** Stores a file under a new key. It only becomes part of the backup with {@link keep}. */
  async put(
    origin: BackupFile["origin"],
    name: string,
    contentType: string,
    body: Readable,
    signal: AbortSignal,
  ): Promise<BackupFile> {
    const key = keyInAttempt(this.#place, fileObject(++this.#begun));
    const hash = createHash("sha256");
    let contentBytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        contentBytes += chunk.length;
        done(null, chunk);
      },
    });
    // A body that breaks off makes the upload fail.
    pipeline(body, measure, () => undefined);
    const { lockUntil, vault } = this.#place;
    const { sizeBytes, sha256 } = await vault.put(key, measure, { contentType, lockUntil, signal });
    return { key, origin, name, contentType, sizeBytes, sha256, contentBytes, contentSha256: hash.digest("hex") };
  }

  /** Makes a stored file part of the backup. */
  keep(file: BackupFile): void {
    this.#files.push(file);
  }

  /** The files that were kept, by key. */
  sorted(): BackupFile[] {
    return this.#files.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
