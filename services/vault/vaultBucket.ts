import { DeleteBucketCommand, HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";

import { type AwsPlace, shortCalls } from "../aws/awsCalls.ts";
import { explainAwsError, nameOf } from "../aws/awsErrors.ts";
import { PromiseError } from "../common/errors.ts";
import { listVersions } from "./vaultVersions.ts";

/** What is still in a bucket. */
export interface Census {
  /** Versions of objects. */
  versions: number;
  /** Bytes of them. */
  sizeBytes: number;
  /** Delete markers. Lifecycle removes those that hide nothing. */
  markers: number;
  /** The latest end of a lock, and the number of legal holds, among the objects whose locks were read. */
  lockedUntil: Date | undefined;
  held: number;
}

/** A vault's bucket as a whole, for giving it up. */
export interface VaultBucket {
  readonly name: string;
  /** Counts its content; undefined if there is no such bucket. `isAsked` picks the keys whose locks are read, with a request each. */
  census(isAsked: (key: string) => boolean, signal?: AbortSignal): Promise<Census | undefined>;
  /** Deletes the bucket, which S3 refuses while it has content (PromiseError). A missing bucket is no error. */
  remove(): Promise<void>;
}

/** Most objects whose locks are read, the latest ones. */
const ASKED_AT_MOST = 200;

/** The bucket by its name. Errors of set-up or network are UserErrors. */
export function vaultBucket(options: AwsPlace & { bucket: string }): VaultBucket {
  const { bucket, region, endpoint } = options;
  const client = new S3Client({ ...shortCalls(options), forcePathStyle: endpoint !== undefined });
  const explain = (error: unknown) =>
    explainAwsError(error, { service: "S3", region, endpoint, subject: `the vault bucket "${bucket}"` });
  return {
    name: bucket,
    async census(isAsked, signal) {
      // Errors are explained below, since a missing bucket is an answer here.
      const asIs = <T>(call: Promise<T>): Promise<T> => call;
      try {
        const { versions, markers } = await listVersions({ client, bucket, asked: asIs }, "", signal);
        const latest = versions
          .filter(({ Key = "" }) => isAsked(Key))
          .sort((a, b) => (b.LastModified?.getTime() ?? 0) - (a.LastModified?.getTime() ?? 0))
          .slice(0, ASKED_AT_MOST);
        const heads = [];
        for (const { Key, VersionId } of latest)
          heads.push(await client.send(new HeadObjectCommand({ Bucket: bucket, Key, VersionId })));
        const last = Math.max(0, ...heads.map(({ ObjectLockRetainUntilDate: until }) => until?.getTime() ?? 0));
        return {
          versions: versions.length,
          sizeBytes: versions.reduce((sum, { Size = 0 }) => sum + Size, 0),
          markers: markers.length,
          lockedUntil: last > 0 ? new Date(last) : undefined,
          held: heads.filter((head) => head.ObjectLockLegalHoldStatus === "ON").length,
        };
      } catch (error) {
        if (nameOf(error) === "NoSuchBucket") return undefined;
        throw explain(error);
      }
    },
    async remove() {
      try {
        await client.send(new DeleteBucketCommand({ Bucket: bucket }));
      } catch (error) {
        if (nameOf(error) === "NoSuchBucket") return;
        if (nameOf(error) === "BucketNotEmpty")
          throw new PromiseError(`S3 says that the vault "${bucket}" is not empty: something was put there just now`);
        throw explain(error);
      }
    },
  };
}
