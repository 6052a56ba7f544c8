import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";

import { type GetObjectCommandOutput, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

import { endedBy } from "../aws/awsCalls.ts";
import { nameOf } from "../aws/awsErrors.ts";
import { PromiseError } from "../common/errors.ts";
import { retry } from "../common/retry.ts";
import { type Timing } from "../common/timing.ts";
import type { PutOptions, StoredObject } from "./vault.ts";

/** Where objects are written, and how an existing object is read. */
export interface WritingPlace {
  client: S3Client;
  bucket: string;
  timing: Timing;
  /** Explains errors. */
  asked: <T>(call: Promise<T>) => Promise<T>;
  /** The newest version of an object, or undefined. */
  newest: (key: string, signal?: AbortSignal) => Promise<GetObjectCommandOutput | undefined>;
  /** Its content. */
  contentOf: (key: string, first: GetObjectCommandOutput, signal?: AbortSignal) => AsyncIterable<Buffer>;
}

/** The size and number of parts limit the memory of an upload. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 3;

/**
 * Writes a key once. PutObject and CompleteMultipartUpload carry `If-None-Match: *`; the other calls of a multipart upload take no such
 * header. S3 answers 412 if the key has a current version, and 409 while another write of the key is in progress: then a PutObject may be
 * repeated. A delete marker is not a current version, so a key below one can be written again.
 *
 * A 412 is no failure if the key has the same content: then an answer of S3 was lost, and the write was sent again.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function writeOnce(
  place: WritingPlace,
  key: string,
  body: Readable | Uint8Array,
  put: PutOptions,
): Promise<StoredObject> {
  return body instanceof Readable ? await writeStream(place, key, body, put) : await writeBytes(place, key, body, put);
}

/** One request. S3 compares the content with its SHA-256 before it stores it. */
async function writeBytes(place: WritingPlace, key: string, bytes: Uint8Array, put: PutOptions): Promise<StoredObject> {
  const hash = createHash("sha256").update(bytes).digest();
  const total = { sizeBytes: bytes.length, sha256: hash.toString("hex") };
  const command = () =>
    new PutObjectCommand({ ...paramsOf(place, key, put), Body: bytes, ChecksumSHA256: hash.toString("base64") });
  const { awsPatienceMs, vaultPauseMs } = place.timing;
  const until = performance.now() + awsPatienceMs;
  const isColliding = (error: unknown) => nameOf(error) === CONFLICT && performance.now() <= until;
  try {
    const done = await retry(() => place.client.send(command(), endedBy(put.signal)), {
      pauseMs: (error) => (isColliding(error) ? vaultPauseMs : undefined),
      signal: put.signal,
    });
    return { ...total, versionId: done.VersionId };
  } catch (error) {
    put.signal?.throwIfAborted();
    return await unlessOurs(place, key, total, error, put.signal);
  }
}

async function writeStream(place: WritingPlace, key: string, source: Readable, put: PutOptions): Promise<StoredObject> {
  const meter = new Meter();
  source.once("error", (error) => meter.destroy(error));
  const upload = new Upload({
    client: place.client,
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
    params: { ...paramsOf(place, key, put), Body: source.pipe(meter) },
  });
  const abort = () => void upload.abort();
  put.signal?.addEventListener("abort", abort, { once: true });
  try {
    put.signal?.throwIfAborted();
    const done = await upload.done();
    return { ...meter.total(), versionId: "VersionId" in done ? done.VersionId : undefined };
  } catch (error) {
    put.signal?.throwIfAborted();
    // Only content that was read to its end can be compared.
    if (meter.readableEnded) return await unlessOurs(place, key, meter.total(), error, put.signal);
    return await place.asked(Promise.reject(error as Error));
  } finally {
    // The stream's writer must not wait for a reader that is gone.
    source.destroy();
    meter.destroy();
    put.signal?.removeEventListener("abort", abort);
  }
}

function paramsOf({ bucket }: WritingPlace, key: string, put: PutOptions) {
  return {
    Bucket: bucket,
    Key: key,
    IfNoneMatch: "*",
    ContentType: put.contentType ?? "application/octet-stream",
    ...(put.lockUntil && { ObjectLockMode: "GOVERNANCE" as const, ObjectLockRetainUntilDate: put.lockUntil }),
  };
}

const TAKEN = "PreconditionFailed";
const CONFLICT = "ConditionalRequestConflict";
/** S3's answer to a second completion of an upload, after the first answer was lost. */
const COMPLETED = "NoSuchUpload";

/** The stored object if the key has that content; otherwise throws the error. */
async function unlessOurs(
  place: WritingPlace,
  key: string,
  total: Omit<StoredObject, "versionId">,
  error: unknown,
  signal?: AbortSignal,
): Promise<StoredObject> {
  const name = nameOf(error);
  if (name === CONFLICT)
    throw new PromiseError(`${key} is being written by something else at the same time: look at the audit trail`);
  if (name !== TAKEN && name !== COMPLETED) return await place.asked(Promise.reject(error as Error));
  const there = await place.newest(key, signal);
  if (there !== undefined && there.ContentLength === total.sizeBytes) {
    const hash = createHash("sha256");
    for await (const piece of place.contentOf(key, there, signal)) hash.update(piece);
    if (hash.digest("hex") === total.sha256) return { ...total, versionId: there.VersionId };
  } else if (there?.Body instanceof Readable) there.Body.destroy();
  if (name === COMPLETED) return await place.asked(Promise.reject(error as Error));
  throw new PromiseError(
    `${key} already has other content, and no object of a vault is written over: the audit trail shows which caller wrote it`,
  );
}

/** Passes a stream through, and counts and hashes it. */
class Meter extends Transform {
  readonly #hash = createHash("sha256");
  #sizeBytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.#sizeBytes += chunk.length;
    done(null, chunk);
  }

  total(): { sizeBytes: number; sha256: string } {
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest("hex") };
  }
}
