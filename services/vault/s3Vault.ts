import { Readable } from "node:stream";

import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  GetObjectLegalHoldCommand,
  PutObjectLegalHoldCommand,
  S3Client,
} from "@aws-sdk/client-s3";

import { type AwsPlace, endedBy, explainedCall, shortCalls } from "../aws/awsCalls.ts";
import { type AwsCall, explainAwsError, isMissing, nameOf } from "../aws/awsErrors.ts";
import { PromiseError } from "../common/errors.ts";
import { release } from "../common/releaseMemory.ts";
import { realTiming } from "../common/timing.ts";
import { readOn } from "./objectContent.ts";
import { PassedOver } from "./passedOver.ts";
import { noteStoreTime } from "./storeTime.ts";
import type { Vault } from "./vault.ts";
import { keptVersion, listedObjects, listVersions } from "./vaultVersions.ts";
import { writeOnce } from "./vaultWriting.ts";

/** The key, and the version if one is named, as S3's commands take them. */
interface ObjectAddress {
  Bucket: string;
  Key: string;
  VersionId?: string;
}

/** The vault in an S3 bucket. Creating it makes no call. */
export function s3Vault(options: AwsPlace & { bucket: string }): Vault {
  const { bucket, region, endpoint, timing = realTiming } = options;
  const client = new S3Client({
    ...shortCalls(options),
    forcePathStyle: endpoint !== undefined,
    // A limit for silence only: a large object takes long.
    requestHandler: { connectionTimeout: timing.awsConnectMs, socketTimeout: timing.awsSilenceMs },
  });
  const call: AwsCall = { service: "S3", region, endpoint, subject: `the vault bucket "${bucket}"` };
  const asked = <T>(answer: Promise<T>): Promise<T> => explainedCall(answer, call);

  const passedOver = new PassedOver();
  const storeTime = noteStoreTime(client);
  const listing = (prefix: string, signal?: AbortSignal) => listVersions({ client, bucket, asked }, prefix, signal);
  /** Every version of one object, newest first. */
  const versionsOf = async (key: string, signal?: AbortSignal) =>
    (await listing(key, signal)).versions.filter((one) => one.Key === key).map(keptVersion);

  /** Calls for an object, or for its newest version if a delete marker hides it. Throws the first call's error if there is no version. */
  const onNewestVersion = async <T>(
    key: string,
    send: (object: ObjectAddress) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    const object = { Bucket: bucket, Key: key };
    try {
      return await send(object);
    } catch (error) {
      if (!isMissing(error) && nameOf(error) !== "MethodNotAllowed") throw error;
      // Lifecycle hides even a held object behind a delete marker; its version is still there.
      const [version] = await versionsOf(key, signal);
      if (version?.versionId === undefined) throw error;
      return await send({ ...object, VersionId: version.versionId });
    }
  };

  /** Calls for the version that is named, or for the newest one. */
  const onVersion = async <T>(
    { key, versionId }: { key: string; versionId: string | undefined },
    send: (object: ObjectAddress) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> =>
    versionId === undefined
      ? await onNewestVersion(key, send, signal)
      : await send({ Bucket: bucket, Key: key, VersionId: versionId });

  const fetchObject = async (
    key: string,
    signal?: AbortSignal,
    versionId?: string,
  ): Promise<GetObjectCommandOutput | undefined> => {
    const get = (object: ObjectAddress) => client.send(new GetObjectCommand(object), endedBy(signal));
    try {
      return await onVersion({ key, versionId }, get, signal);
    } catch (error) {
      if (isMissing(error)) return undefined;
      return await asked(Promise.reject(error as Error));
    }
  };

  /** The rest of the version that was being read. Without versions, an error if the object was replaced. */
  const fetchRest = async (
    key: string,
    { ETag: IfMatch, VersionId: versionId }: GetObjectCommandOutput,
    from: number,
    signal?: AbortSignal,
  ): Promise<GetObjectCommandOutput> => {
    const rest = { IfMatch, Range: `bytes=${from}-` };
    const get = (object: ObjectAddress) => client.send(new GetObjectCommand({ ...object, ...rest }), endedBy(signal));
    return await asked(onVersion({ key, versionId }, get, signal));
  };

  const explain = (error: unknown) => explainAwsError(error, call);
  /** An object's content. After a broken connection it continues from the same byte. */
  const contentOf = (key: string, first: GetObjectCommandOutput, signal?: AbortSignal): AsyncGenerator<Buffer> =>
    readOn({ key, first, rest: (from) => fetchRest(key, first, from, signal), explain, timing, signal });

  return {
    name: bucket,
    passedOver,
    now: storeTime,
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
    async setLegalHold(key, on, signal) {
      const LegalHold = { Status: on ? ("ON" as const) : ("OFF" as const) };
      const put = (object: ObjectAddress) =>
        client.send(new PutObjectLegalHoldCommand({ ...object, LegalHold }), endedBy(signal));
      if (!passedOver.isSuspect(key)) {
        await explainedCall(onNewestVersion(key, put, signal), call, signal);
        return;
      }
      // The newest version may lie over the good one.
      for (const { versionId } of await versionsOf(key, signal))
        await explainedCall(onVersion({ key, versionId }, put, signal), call, signal);
    },
    async hasLegalHold(key, signal) {
      const get = async (object: ObjectAddress) =>
        (await client.send(new GetObjectLegalHoldCommand(object), endedBy(signal))).LegalHold?.Status === "ON";
      try {
        if (!passedOver.isSuspect(key)) return await onNewestVersion(key, get, signal);
        for (const { versionId } of await versionsOf(key, signal))
          if (await onVersion({ key, versionId }, get, signal)) return true;
        return false;
      } catch (error) {
        signal?.throwIfAborted();
        if (nameOf(error) === "NoSuchObjectLockConfiguration") return false;
        return await asked(Promise.reject(error as Error));
      }
    },
  };
}

/** Joins the pieces. With a known size each piece is copied at once, so that memory never holds the content twice. */
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
