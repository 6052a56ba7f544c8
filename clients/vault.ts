import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import {
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { GetObjectCommandOutput, ObjectVersion } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { explainAwsError, isMissing } from "./awsErrors.ts";
import { PromiseError } from "./errors.ts";
import { release } from "./release.ts";
import { patientRetries } from "./awsRetries.ts";
import { readOn } from "./objectContent.ts";

/** What is known of an object once it lies in the vault. */
export interface StoredObject {
  sizeBytes: number;
  /** SHA-256 of the whole object, hexadecimal; S3's own checksum of a multipart upload is a checksum of checksums. */
  sha256: string;
  versionId: string | undefined;
}

/** An object as a listing shows it: its newest version, also where lifecycle has put a delete marker over it. */
export interface ListedObject {
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
  versionId: string | undefined;
}

/** How an object is stored. */
export interface PutOptions {
  contentType?: string;
  /** Nobody without the right to bypass may delete the object before this instant (governance). Needs a bucket with Object Lock. */
  lockUntil?: Date | undefined;
  signal?: AbortSignal | undefined;
}

/** Where backups lie. Errors whose cause is set-up or network are UserErrors of one sentence. */
export interface Vault {
  /** Name for messages: the bucket. */
  readonly name: string;
  /** Stores a stream or bytes. The stream is read once, in parts; a stream that fails leaves nothing behind. */
  put(key: string, body: Readable | Uint8Array, options?: PutOptions): Promise<StoredObject>;
  /** The object's content, or undefined when there is none. */
  get(key: string, signal?: AbortSignal): Promise<Readable | undefined>;
  /**
   * A small object's content, or undefined when there is none. PromiseError, before any of it is in memory, where it has more than `mostBytes`:
   * whoever may write to the vault may have put anything in its place.
   */
  getBytes(key: string, signal?: AbortSignal, mostBytes?: number): Promise<Uint8Array | undefined>;
  /** All objects whose key begins so, sorted by key. */
  list(prefix: string, signal?: AbortSignal): Promise<ListedObject[]>;
  /** Holds an object for as long as it takes, or lets go of it. */
  setLegalHold(key: string, on: boolean): Promise<void>;
  /** Whether an object is held. */
  hasLegalHold(key: string): Promise<boolean>;
}

/** Address and name of a vault. Credentials come from the environment. */
export interface VaultOptions {
  bucket: string;
  region: string;
  /** Only where it isn't AWS's own. */
  endpoint?: string | undefined;
  /** For how long a call that S3 refuses or that breaks is tried again, in milliseconds: a minute. */
  patienceMs?: number | undefined;
  /** Silence on an open connection that is taken as its loss, in milliseconds: 20 seconds. */
  silenceMs?: number | undefined;
}

/** Two of these parts and what waits before them bound the memory of an upload. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 3;
/** An endpoint that can't be reached is told within 10 seconds: 3 attempts (awsRetries.ts). */
const CONNECT_TIMEOUT_MS = 2_500;
const PATIENCE_MS = 60_000;
const SILENCE_MS = 20_000;

/** The vault in an S3 bucket. Makes no call by itself. */
export function s3Vault(options: VaultOptions): Vault {
  const { bucket, region, endpoint, patienceMs = PATIENCE_MS, silenceMs = SILENCE_MS } = options;
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    retryStrategy: patientRetries({ patienceMs }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: silenceMs },
  });
  const explain = (error: unknown) =>
    explainAwsError(error, { service: "S3", region, endpoint, subject: `the vault bucket "${bucket}"` });
  const asked = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call;
    } catch (error) {
      throw explain(error);
    }
  };

  /** All versions under a prefix; delete markers are passed over. */
  const versionsOf = async (prefix: string, signal?: AbortSignal): Promise<ObjectVersion[]> => {
    const found: ObjectVersion[] = [];
    let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
    while (next !== undefined) {
      const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
        Bucket: bucket,
        Prefix: prefix,
        ...next,
      });
      const page = await asked(client.send(command, { ...(signal && { abortSignal: signal }) }));
      found.push(...(page.Versions ?? []));
      next = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined;
    }
    return found;
  };

  /** Calls for an object, and where a delete marker hides it for its newest version; the first call's error where there is none. */
  const onNewestVersion = async <T>(
    key: string,
    call: (object: { Bucket: string; Key: string; VersionId?: string }) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    const object = { Bucket: bucket, Key: key };
    try {
      return await call(object);
    } catch (error) {
      if (!isMissing(error) && !(error instanceof Error && error.name === "MethodNotAllowed")) throw error;
      // Lifecycle hides even a held object behind a delete marker; its version is still there.
      const version = newestVersions((await versionsOf(key, signal)).filter((one) => one.Key === key))[0];
      if (version?.VersionId === undefined) throw error;
      return await call({ ...object, VersionId: version.VersionId });
    }
  };

  const fetchObject = async (key: string, signal?: AbortSignal): Promise<GetObjectCommandOutput | undefined> => {
    const sent = { ...(signal && { abortSignal: signal }) };
    try {
      return await onNewestVersion(key, (object) => client.send(new GetObjectCommand(object), sent), signal);
    } catch (error) {
      if (isMissing(error)) return undefined;
      return await asked(Promise.reject(error as Error));
    }
  };

  /** What is left of an object that was being read; an error where another one has come in its place. */
  const fetchRest = async (
    key: string,
    { ETag: IfMatch }: GetObjectCommandOutput,
    from: number,
    signal?: AbortSignal,
  ): Promise<GetObjectCommandOutput> => {
    const sent = { ...(signal && { abortSignal: signal }) };
    const rest = { IfMatch, Range: `bytes=${from}-` };
    return await asked(
      onNewestVersion(key, (object) => client.send(new GetObjectCommand({ ...object, ...rest }), sent), signal),
    );
  };

  /** An object's content; where the connection breaks on the way, it is read on from there. */
  const contentOf = (key: string, first: GetObjectCommandOutput, signal?: AbortSignal): AsyncGenerator<Buffer> =>
    readOn({ key, first, rest: (from) => fetchRest(key, first, from, signal), explain, patienceMs, signal });

  /** One request; S3 compares the content with its true SHA-256 before it takes it. */
  const putBytes = async (key: string, bytes: Uint8Array, put: PutOptions): Promise<StoredObject> => {
    const sha256 = createHash("sha256").update(bytes).digest();
    const command = new PutObjectCommand({
      ...paramsOf(key, put),
      Body: bytes,
      ChecksumSHA256: sha256.toString("base64"),
    });
    const done = await asked(client.send(command, { ...(put.signal && { abortSignal: put.signal }) }));
    return { sizeBytes: bytes.length, sha256: sha256.toString("hex"), versionId: done.VersionId };
  };

  const paramsOf = (key: string, put: PutOptions) => ({
    Bucket: bucket,
    Key: key,
    ContentType: put.contentType ?? "application/octet-stream",
    ...(put.lockUntil && { ObjectLockMode: "GOVERNANCE" as const, ObjectLockRetainUntilDate: put.lockUntil }),
  });

  return {
    name: bucket,
    async put(key, body, put = {}) {
      if (!(body instanceof Readable)) return await putBytes(key, body, put);
      const meter = new Meter();
      const source = body;
      source.once("error", (error) => meter.destroy(error));
      const upload = new Upload({
        client,
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
        params: { ...paramsOf(key, put), Body: source.pipe(meter) },
      });
      const abort = () => void upload.abort();
      put.signal?.addEventListener("abort", abort, { once: true });
      try {
        put.signal?.throwIfAborted();
        const done = await asked(upload.done());
        return { ...meter.total(), versionId: "VersionId" in done ? done.VersionId : undefined };
      } catch (error) {
        // Whoever writes into the stream must not wait for a reader that is gone.
        source.destroy();
        meter.destroy();
        put.signal?.throwIfAborted();
        throw error;
      } finally {
        put.signal?.removeEventListener("abort", abort);
      }
    },
    async get(key, signal) {
      const answer = await fetchObject(key, signal);
      if (answer === undefined) return undefined;
      return Readable.from(contentOf(key, answer, signal), { objectMode: false });
    },
    async getBytes(key, signal, mostBytes = Infinity) {
      const answer = await fetchObject(key, signal);
      if (answer === undefined) return undefined;
      const { Body, ContentLength = 0 } = answer;
      if (ContentLength > mostBytes) {
        if (Body instanceof Readable) Body.destroy();
        throw new PromiseError(`${key} is damaged: it has ${ContentLength} bytes instead of at most ${mostBytes}`);
      }
      return await gather(contentOf(key, answer, signal), ContentLength);
    },
    async list(prefix, signal) {
      return newestVersions(await versionsOf(prefix, signal)).map((version) => ({
        key: version.Key ?? "",
        sizeBytes: version.Size ?? 0,
        modifiedAt: version.LastModified ?? new Date(0),
        versionId: version.VersionId,
      }));
    },
    async setLegalHold(key, on) {
      const LegalHold = { Status: on ? ("ON" as const) : ("OFF" as const) };
      const put = (object: { Bucket: string; Key: string }) =>
        client.send(new PutObjectLegalHoldCommand({ ...object, LegalHold }));
      await asked(onNewestVersion(key, put));
    },
    async hasLegalHold(key) {
      try {
        const answer = await onNewestVersion(key, (object) => client.send(new GetObjectLegalHoldCommand(object)));
        return answer.LegalHold?.Status === "ON";
      } catch (error) {
        if (error instanceof Error && error.name === "NoSuchObjectLockConfiguration") return false;
        return await asked(Promise.reject(error as Error));
      }
    },
  };
}

/** The newest version of each key, sorted by key. S3 lists versions of a key newest first. */
function newestVersions(versions: readonly ObjectVersion[]): ObjectVersion[] {
  const newest = new Map<string, ObjectVersion>();
  for (const version of versions) {
    if (version.Key !== undefined && !newest.has(version.Key)) newest.set(version.Key, version);
  }
  return [...newest.values()].sort((a, b) => ((a.Key ?? "") < (b.Key ?? "") ? -1 : 1));
}

/** All pieces as one. Each is copied at once where the size is known, so that there is never twice as much in memory. */
async function gather(pieces: AsyncIterable<Buffer>, expectedBytes: number): Promise<Buffer> {
  let whole = Buffer.allocUnsafeSlow(expectedBytes);
  let used = 0;
  for await (const piece of pieces) {
    if (used + piece.length > whole.length) whole = Buffer.concat([whole.subarray(0, used)], (used + piece.length) * 2);
    used += piece.copy(whole, used);
    release(piece);
  }
  return whole.subarray(0, used);
}

/** Passes a stream on; counts and hashes it. */
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
