import { z } from "zod";

import { STORAGE_CLASSES } from "../../planning/retention/vault.ts";

const days = z.coerce.number().int().min(0);
const storageClass = z.enum(STORAGE_CLASSES);
const condition = z.strictObject({
  prefix: z.string().optional(),
  objectSizeGreaterThan: z.coerce.number().optional(),
  objectSizeLessThan: z.coerce.number().optional(),
});
const filter = condition.extend({ and: condition.optional() });
export const lifecycleRule = z.strictObject({
  id: z.string(),
  status: z.enum(["Enabled", "Disabled"]),
  prefix: z.string().optional(),
  filter: filter.optional(),
  expiration: z.strictObject({ days: days.optional(), expiredObjectDeleteMarker: z.boolean().optional() }).optional(),
  noncurrentVersionExpiration: z
    .strictObject({ noncurrentDays: days, newerNoncurrentVersions: z.coerce.number().optional() })
    .optional(),
  abortIncompleteMultipartUpload: z.strictObject({ daysAfterInitiation: days }).optional(),
  transitions: z.array(z.strictObject({ days, storageClass })).optional(),
});
const toggled = z.enum(["Enabled", "Disabled"]);
const toggle = z.strictObject({ status: toggled });
export const replicationRule = z.strictObject({
  id: z.string().default("unnamed"),
  status: toggled,
  priority: z.coerce.number().optional(),
  prefix: z.string().optional(),
  filter: z.strictObject({ prefix: z.string().optional() }).optional(),
  deleteMarkerReplication: toggle.optional(),
  existingObjectReplication: toggle.optional(),
  sourceSelectionCriteria: z
    .strictObject({ sseKmsEncryptedObjects: toggle.optional(), replicaModifications: toggle.optional() })
    .optional(),
  destination: z.strictObject({
    bucket: z.string(),
    account: z.string().optional(),
    storageClass: storageClass.optional(),
    accessControlTranslation: z.strictObject({ owner: z.string() }).optional(),
    encryptionConfiguration: z.strictObject({ replicaKmsKeyId: z.string() }).optional(),
    replicationTime: toggle.extend({ time: z.unknown().optional() }).optional(),
    metrics: toggle.extend({ eventThreshold: z.unknown().optional() }).optional(),
  }),
});
/** What each part of a vault may declare. Inputs are strict: a setting that the plan can't simulate must be refused, not ignored. */
export const SCHEMAS = {
  // Whatever else a bucket can declare is a setting with a resource of its own, and S3 keeps one of the two.
  bucket: z.strictObject({
    bucket: z.string(),
    objectLockEnabled: z.boolean().default(false),
    forceDestroy: z.boolean().optional(),
    region: z.string().optional(),
    tags: z.unknown().optional(),
    tagsAll: z.unknown().optional(),
  }),
  versioning: z.object({ versioningConfiguration: z.object({ status: z.string() }) }),
  lifecycle: z.object({ rules: z.array(lifecycleRule) }),
  replication: z.object({ role: z.string(), rules: z.array(replicationRule) }),
  lock: z.object({
    rule: z.object({ defaultRetention: z.object({ days: days.optional(), years: days.optional() }) }).optional(),
  }),
};
