import type { S3 } from "@aws-sdk/client-s3";

import type { Vault } from "../../../services/vault/vault.ts";

/** Root's own access to the buckets of this test file, by bucket. An attacker does not use the program's client. */
const buckets = new Map<string, S3>();

/** Registers a bucket. */
export function knowBucket(bucket: string, s3: S3): void {
  buckets.set(bucket, s3);
}

/** Overwrites an object, which s3:PutObject permits if no policy forbids it. The old content stays as an older version. */
export async function putOver(vault: Pick<Vault, "name">, Key: string, Body: Uint8Array): Promise<string | undefined> {
  return (await s3Of(vault).putObject({ Bucket: vault.name, Key, Body })).VersionId;
}

/** Puts a delete marker over an object. */
export async function hide(vault: Pick<Vault, "name">, Key: string): Promise<void> {
  await s3Of(vault).deleteObject({ Bucket: vault.name, Key });
}

/** Replaces an object so that no good version is left, as a fault of the store does, or an attacker who may delete. */
export async function putInPlace(vault: Pick<Vault, "name">, key: string, bytes: Uint8Array) {
  await removeVersions(vault, key);
  return await putOver(vault, key, bytes);
}

/** Removes every version of an object, in spite of its holds and locks. */
export async function removeVersions({ name }: Pick<Vault, "name">, Key: string): Promise<void> {
  const s3 = s3Of({ name });
  const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket: name, Prefix: Key });
  for (const one of [...Versions, ...DeleteMarkers]) {
    if (one.Key !== Key) continue;
    const object = { Bucket: name, Key, VersionId: one.VersionId };
    if ("Size" in one) await s3.putObjectLegalHold({ ...object, LegalHold: { Status: "OFF" } });
    await s3.deleteObject({ ...object, BypassGovernanceRetention: true });
  }
}

function s3Of({ name }: Pick<Vault, "name">): S3 {
  const s3 = buckets.get(name);
  if (s3 === undefined) throw new Error(`no test has made the bucket ${name}`);
  return s3;
}
