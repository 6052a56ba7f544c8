import {
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  type S3Client,
} from "@aws-sdk/client-s3";

import type { Vault } from "../../../services/vault/vault.ts";

/** Root's own access to the buckets of this test file, by bucket: an attacker does not use our client. */
const buckets = new Map<string, S3Client>();

/** Makes a bucket known here. */
export function knowBucket(bucket: string, s3: S3Client): void {
  buckets.set(bucket, s3);
}

/** Writes over an object, as anybody with s3:PutObject does where no policy forbids it: what was there stays as an older version. */
export async function putOver(vault: Pick<Vault, "name">, Key: string, Body: Uint8Array): Promise<string | undefined> {
  return (await s3Of(vault).send(new PutObjectCommand({ Bucket: vault.name, Key, Body }))).VersionId;
}

/** Puts a delete marker over an object. */
export async function hide(vault: Pick<Vault, "name">, Key: string): Promise<void> {
  await s3Of(vault).send(new DeleteObjectCommand({ Bucket: vault.name, Key }));
}

/** Puts other bytes in an object's place, as a fault of the store does or an attacker who may delete: no good version is left. */
export async function putInPlace(
  vault: Pick<Vault, "name">,
  key: string,
  bytes: Uint8Array,
): Promise<string | undefined> {
  await removeVersions(vault, key);
  return await putOver(vault, key, bytes);
}

/** Takes away every version of an object, with its holds and locks. */
export async function removeVersions({ name }: Pick<Vault, "name">, Key: string): Promise<void> {
  const s3 = s3Of({ name });
  const { Versions = [], DeleteMarkers = [] } = await s3.send(
    new ListObjectVersionsCommand({ Bucket: name, Prefix: Key }),
  );
  for (const one of [...Versions, ...DeleteMarkers]) {
    if (one.Key !== Key) continue;
    const object = { Bucket: name, Key, VersionId: one.VersionId };
    if ("Size" in one) await s3.send(new PutObjectLegalHoldCommand({ ...object, LegalHold: { Status: "OFF" } }));
    await s3.send(new DeleteObjectCommand({ ...object, BypassGovernanceRetention: true }));
  }
}

function s3Of({ name }: Pick<Vault, "name">): S3Client {
  const s3 = buckets.get(name);
  if (s3 === undefined) throw new Error(`no test has made the bucket ${name}`);
  return s3;
}
