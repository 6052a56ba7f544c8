import type * as sdk from "@aws-sdk/client-s3";
import { z } from "zod";

import { listFromSdk, toSdk } from "./casing.ts";
import { s3Setting } from "./s3Setting.ts";

const bucket = z.string().min(1);
const status = z.enum(["Enabled", "Disabled"]);
const days = z.number().int().positive();

const lifecycleRule = z.strictObject({
  id: z.string().max(255),
  status,
  filter: z.strictObject({ prefix: z.string().optional() }).optional(),
  expiration: z.strictObject({ days: days.optional(), expiredObjectDeleteMarker: z.boolean().optional() }).optional(),
  transitions: z
    .array(
      z.strictObject({
        days: z.number().int().nonnegative().optional(),
        storageClass: z.enum([
          "STANDARD_IA",
          "ONEZONE_IA",
          "INTELLIGENT_TIERING",
          "GLACIER_IR",
          "GLACIER",
          "DEEP_ARCHIVE",
        ]),
      }),
    )
    .optional(),
  noncurrentVersionExpiration: z
    .strictObject({ noncurrentDays: days, newerNoncurrentVersions: days.optional() })
    .optional(),
  abortIncompleteMultipartUpload: z.strictObject({ daysAfterInitiation: days.optional() }).optional(),
});

/** aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration */
export const bucketLifecycle = s3Setting({
  label: "S3 Bucket Lifecycle Configuration",
  inputs: z.strictObject({ bucket, rules: z.array(lifecycleRule).min(1) }),
  put: (s3, { bucket: Bucket, rules }) =>
    s3.putBucketLifecycleConfiguration({
      Bucket,
      LifecycleConfiguration: { Rules: toSdk(rules) as sdk.LifecycleRule[] },
    }),
  async get(s3, Bucket) {
    return listFromSdk("rules", (await s3.getBucketLifecycleConfiguration({ Bucket })).Rules);
  },
  erase: (s3, inputs) => s3.deleteBucketLifecycle({ Bucket: inputs.bucket }),
  missing: ["NoSuchLifecycleConfiguration"],
});

const minutes = z.strictObject({ minutes: z.literal(15, "S3 only offers 15 minutes.") });
const replicationRule = z.strictObject({
  id: z.string().max(255).optional(),
  status,
  priority: z.number().int().nonnegative().optional(),
  filter: z.strictObject({ prefix: z.string().optional() }).optional(),
  deleteMarkerReplication: z.strictObject({ status }).optional(),
  existingObjectReplication: z.strictObject({ status }).optional(),
  sourceSelectionCriteria: z.strictObject({ sseKmsEncryptedObjects: z.strictObject({ status }).optional() }).optional(),
  destination: z.strictObject({
    bucket: z.string().startsWith("arn:aws:s3:::", "The destination is a bucket's ARN."),
    account: z.string().optional(),
    storageClass: z.string().optional(),
    encryptionConfiguration: z.strictObject({ replicaKmsKeyId: z.string() }).optional(),
    replicationTime: z.strictObject({ status, time: minutes }).optional(),
    metrics: z.strictObject({ status, eventThreshold: minutes.optional() }).optional(),
  }),
});

/** aws:s3/bucketReplicationConfig:BucketReplicationConfig */
export const bucketReplication = s3Setting({
  label: "S3 Bucket Replication Configuration",
  inputs: z.strictObject({ bucket, role: z.string().min(1), rules: z.array(replicationRule).min(1) }),
  put: (s3, { bucket: Bucket, role: Role, rules }) =>
    s3.putBucketReplication({
      Bucket,
      ReplicationConfiguration: { Role, Rules: toSdk(rules) as sdk.ReplicationRule[] },
    }),
  async get(s3, Bucket) {
    const { ReplicationConfiguration: found } = await s3.getBucketReplication({ Bucket });
    const rules = listFromSdk("rules", found?.Rules);
    return rules === undefined ? undefined : { role: found?.Role ?? "", ...rules };
  },
  erase: (s3, inputs) => s3.deleteBucketReplication({ Bucket: inputs.bucket }),
  missing: ["ReplicationConfigurationNotFoundError"],
});
