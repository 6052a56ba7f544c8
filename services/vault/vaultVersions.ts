import {
  type DeleteMarkerEntry,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion,
  type S3Client,
} from "@aws-sdk/client-s3";

import { endedBy } from "../aws/awsCalls.ts";
import type { PassedOver } from "./passedOver.ts";
import type { KeptVersion, ListedObject } from "./vault.ts";

/** All versions and delete markers under a prefix, as S3 lists them: of each key the newest first. */
export interface VersionListing {
  versions: ObjectVersion[];
  markers: DeleteMarkerEntry[];
}

/** Reads a listing to its end. `asked` explains errors. */
export async function listVersions(
  place: { client: S3Client; bucket: string; asked: <T>(call: Promise<T>) => Promise<T> },
  prefix: string,
  signal?: AbortSignal,
): Promise<VersionListing> {
  const { client, bucket, asked } = place;
  const found: VersionListing = { versions: [], markers: [] };
  let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (next !== undefined) {
    const page: ListObjectVersionsCommandOutput = await asked(
      client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...next }), endedBy(signal)),
    );
    found.versions.push(...(page.Versions ?? []));
    found.markers.push(...(page.DeleteMarkers ?? []));
    next = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : undefined;
  }
  return found;
}

/** Every key with its newest version, sorted by key; notes the keys that have several. */
export function listedObjects({ versions, markers }: VersionListing, passedOver: PassedOver): ListedObject[] {
  const hidden = new Map(
    markers.filter(({ IsLatest }) => IsLatest === true).map(({ Key, LastModified }) => [Key, LastModified]),
  );
  const newest = new Map<string, ObjectVersion>();
  for (const version of versions) {
    if (version.Key === undefined) continue;
    if (newest.has(version.Key)) passedOver.suspect(version.Key);
    else newest.set(version.Key, version);
  }
  return [...newest]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, version]) => ({
      ...keptVersion(version),
      key,
      ...(hidden.has(key) && { deletedAt: hidden.get(key) ?? new Date(0) }),
    }));
}

/** A version in a listing. */
export function keptVersion({ VersionId, Size, LastModified }: ObjectVersion): KeptVersion {
  return { versionId: VersionId, sizeBytes: Size ?? 0, modifiedAt: LastModified ?? new Date(0) };
}
