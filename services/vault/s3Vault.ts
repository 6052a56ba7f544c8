import { Readable } from "node:stream";

import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectLegalHoldCommand,
  PutObjectLegalHoldCommand,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";

import { explainAwsError, isMissing } from "../aws/awsErrors.ts";
import { patientRetries } from "../aws/awsRetries.ts";
import { PromiseError } from "../common/errors.ts";
import { release } from "../common/releaseMemory.ts";
import { realTiming, type Timing } from "../common/timing.ts";
import { readOn } from "./objectContent.ts";
import { PassedOver } from "./passedOver.ts";
import type { Vault } from "./vault.ts";
import { keptVersion, listedObjects, listVersions } from "./vaultVersions.ts";
import { writeOnce } from "./vaultWriting.ts";

/** Address and name of a vault. Credentials come from the environment. */
export interface VaultOptions {
  bucket: string;
  region: string;
  /** Only where it isn't AWS's own. */
  endpoint?: string | undefined;
  /** How long a call waits and is repeated. @default - the real one */
  timing?: Timing | undefined;
  /** @default - those of the environment */
  credentials?: S3ClientConfig["credentials"] | undefined;
}

/** The vault in an S3 bucket. Makes no call by itself. */
export function s3Vault(options: VaultOptions): Vault {
  const { bucket, region, endpoint, timing = realTiming } = options;
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(options.credentials && { credentials: options.credentials }),
    retryStrategy: patientRetries(timing),
    requestHandler: { connectionTimeout: timing.awsConnectMs, socketTimeout: timing.awsSilenceMs },
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

  const passedOver = new PassedOver();
  const listing = (prefix: string, signal?: AbortSignal) => listVersions({ client, bucket, asked }, prefix, signal);
  /** Every version of one object, newest first. */
  const versionsOf = async (key: string, signal?: AbortSignal) =>
    (await listing(key, signal)).versions.filter((one) => one.Key === key).map(keptVersion);

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
      const [version] = await versionsOf(key, signal);
      if (version?.versionId === undefined) throw error;
      return await call({ ...object, VersionId: version.versionId });
    }
  };

  /** Calls for the version that is named, or for the newest one. */
  const onVersion = async <T>(
    { key, versionId }: { key: string; versionId: string | undefined },
    call: (object: { Bucket: string; Key: string; VersionId?: string }) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> =>
    versionId === undefined
      ? await onNewestVersion(key, call, signal)
      : await call({ Bucket: bucket, Key: key, VersionId: versionId });

  const fetchObject = async (
    key: string,
    signal?: AbortSignal,
    versionId?: string,
  ): Promise<GetObjectCommandOutput | undefined> => {
    const sent = { ...(signal && { abortSignal: signal }) };
    try {
      return await onVersion({ key, versionId }, (object) => client.send(new GetObjectCommand(object), sent), signal);
    } catch (error) {
      if (isMissing(error)) return undefined;
      return await asked(Promise.reject(error as Error));
    }
  };

  /** What is left of the version that was being read; without versions, an error where another object has come in its place. */
  const fetchRest = async (
    key: string,
    { ETag: IfMatch, VersionId: versionId }: GetObjectCommandOutput,
    from: number,
    signal?: AbortSignal,
  ): Promise<GetObjectCommandOutput> => {
    const sent = { ...(signal && { abortSignal: signal }) };
    const rest = { IfMatch, Range: `bytes=${from}-` };
    const call = (object: { Bucket: string; Key: string }) =>
      client.send(new GetObjectCommand({ ...object, ...rest }), sent);
    return await asked(onVersion({ key, versionId }, call, signal));
  };

  /** An object's content; where the connection breaks on the way, it is read on from there. */
  const contentOf = (key: string, first: GetObjectCommandOutput, signal?: AbortSignal): AsyncGenerator<Buffer> =>
    readOn({ key, first, rest: (from) => fetchRest(key, first, from, signal), explain, timing, signal });

  return {
    name: bucket,
    passedOver,
    put: (key, body, put = {}) =>
      writeOnce({ client, bucket, timing, asked, newest: fetchObject, contentOf }, key, body, put),
    async get(key, signal, versionId) {
      const answer = await fetchObject(key, signal, versionId);
      if (answer === undefined) return undefined;
      return Readable.from(contentOf(key, answer, signal), { objectMode: false });
    },
    async getBytes(key, signal, mostBytes = Infinity, versionId?) {
      const answer = await fetchObject(key, signal, versionId);
      if (answer === undefined) return undefined;
      const { Body, ContentLength = 0 } = answer;
      if (ContentLength > mostBytes) {
        if (Body instanceof Readable) Body.destroy();
        throw new PromiseError(`${key} is damaged: it has ${ContentLength} bytes instead of at most ${mostBytes}`);
      }
      return await gather(contentOf(key, answer, signal), ContentLength);
    },
    versions: versionsOf,
    async list(prefix, signal) {
      return listedObjects(await listing(prefix, signal), passedOver);
    },
    async setLegalHold(key, on) {
      const LegalHold = { Status: on ? ("ON" as const) : ("OFF" as const) };
      const put = (object: { Bucket: string; Key: string; VersionId?: string }) =>
        client.send(new PutObjectLegalHoldCommand({ ...object, LegalHold }));
      if (!passedOver.isSuspect(key)) {
        await asked(onNewestVersion(key, put));
        return;
      }
      // The newest version may lie over the good one.
      for (const { versionId } of await versionsOf(key)) await asked(onVersion({ key, versionId }, put));
    },
    async hasLegalHold(key) {
      const get = async (object: { Bucket: string; Key: string; VersionId?: string }) =>
        (await client.send(new GetObjectLegalHoldCommand(object))).LegalHold?.Status === "ON";
      try {
        if (!passedOver.isSuspect(key)) return await onNewestVersion(key, get);
        for (const { versionId } of await versionsOf(key)) if (await onVersion({ key, versionId }, get)) return true;
        return false;
      } catch (error) {
        if (error instanceof Error && error.name === "NoSuchObjectLockConfiguration") return false;
        return await asked(Promise.reject(error as Error));
      }
    },
  };
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
