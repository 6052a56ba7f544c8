import type { RegisteredResource } from "../../../recovery/pulumi/pulumiResources.ts";

/** What a stack's vault registers, as an engine's preview shows it. */
export function registered(
  stack: "prod" | "dr",
  change: { rules?: unknown[]; replication?: unknown; parts?: RegisteredResource[] } = {},
): RegisteredResource[] {
  const bucket = stack === "prod" ? "vault" : "replica";
  const region = stack === "prod" ? "ap-northeast-1" : "ap-northeast-3";
  const part = (type: string, name: string, inputs: Record<string, unknown>): RegisteredResource => ({
    urn: `urn:pulumi:${stack}::castchat-recovery::castchat:index:PrimarySite$castchat:index:BackupVault$${type}::${name}`,
    type,
    inputs,
    region,
  });
  return [
    { urn: `urn:pulumi:${stack}::castchat-recovery::pulumi:pulumi:Stack::x`, type: "pulumi:pulumi:Stack", inputs: {} },
    part("aws:s3/bucket:Bucket", "vault-bucket", { bucket, objectLockEnabled: true }),
    part("aws:s3/bucket:Bucket", "vault-logs", { bucket: `${bucket}-logs` }),
    part("aws:s3/bucketVersioning:BucketVersioning", "vault-versioning", {
      bucket,
      versioningConfiguration: { status: "Enabled" },
    }),
    part("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "logs-lifecycle", {
      bucket: `${bucket}-logs`,
      rules: [{ id: "logs", status: "Enabled", expiration: { days: 1 } }],
    }),
    part("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "vault-lifecycle", {
      bucket,
      rules: change.rules ?? LIFECYCLE,
    }),
    ...(stack === "prod"
      ? [
          part("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "vault-replication", {
            bucket,
            role: "unknown",
            rules: [change.replication ?? REPLICATION],
          }),
        ]
      : []),
    ...(change.parts ?? []),
  ];
}

const tierRule = (id: string, days: number) => ({
  id,
  status: "Enabled",
  filter: { prefix: `${id}/` },
  expiration: { days },
  noncurrentVersionExpiration: { noncurrentDays: 1 },
});
/** The lifecycle rules of the shipped tiers, written out so that they don't depend on the tier table. */
export const TIER_RULES = [
  tierRule("daily", 30),
  { ...tierRule("weekly", 92), transitions: [{ days: 30, storageClass: "STANDARD_IA" }] },
  { ...tierRule("monthly", 366), transitions: [{ days: 30, storageClass: "GLACIER_IR" }] },
  { ...tierRule("annual", 1827), transitions: [{ days: 30, storageClass: "GLACIER_IR" }] },
];
export const CLEAN_UP = {
  id: "clean-up",
  status: "Enabled",
  filter: { prefix: "" },
  expiration: { expiredObjectDeleteMarker: true },
  abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
};
export const LIFECYCLE = [
  ...TIER_RULES,
  { id: "old", status: "Disabled", filter: { prefix: "old/" }, expiration: { days: 7 } },
  CLEAN_UP,
];

export const REPLICATION = {
  id: "standby",
  status: "Enabled",
  priority: 1,
  filter: { prefix: "" },
  deleteMarkerReplication: { status: "Disabled" },
  sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
  destination: {
    bucket: "arn:aws:s3:::replica",
    encryptionConfiguration: { replicaKmsKeyId: "arn:aws:kms:::key/replica" },
    replicationTime: { status: "Enabled", time: { minutes: 15 } },
  },
};
