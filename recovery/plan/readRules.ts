import { z } from "zod";

import {
  type DeclaredVault,
  type LifecycleRule,
  type Replication,
  STORAGE_CLASSES,
} from "../../planning/retention/vault.ts";
import type { RegisteredResource } from "../pulumi/pulumiResources.ts";

/** The rules of a stack's vault, or why they can't be read, in sentences that say what to do. */
export type ReadVault = { vault: DeclaredVault; faults: [] } | { vault: undefined; faults: string[] };

/** The component that a vault's resources belong to; its type is part of their URNs. */
const COMPONENT = "castchat:index:BackupVault$";
const TYPES = {
  bucket: "aws:s3/bucket:Bucket",
  versioning: "aws:s3/bucketVersioning:BucketVersioning",
  lifecycle: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  replication: "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
  lock: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
} as const;

const days = z.coerce.number().int().min(0);
const storageClass = z.enum(STORAGE_CLASSES);
/** Inputs are strict: a setting that the plan can't simulate must be refused, not ignored. */
const condition = z.strictObject({
  prefix: z.string().optional(),
  objectSizeGreaterThan: z.coerce.number().optional(),
  objectSizeLessThan: z.coerce.number().optional(),
});
const filter = condition.extend({ and: condition.optional() });
const lifecycleRule = z.strictObject({
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
const replicationRule = z.object({
  id: z.string().default("unnamed"),
  status: z.enum(["Enabled", "Disabled"]),
  prefix: z.string().optional(),
  filter: z.strictObject({ prefix: z.string().optional() }).optional(),
  destination: z.object({
    bucket: z.string(),
    storageClass: storageClass.optional(),
    replicationTime: z.object({ status: z.enum(["Enabled", "Disabled"]) }).optional(),
  }),
});
const SCHEMAS = {
  bucket: z.object({ bucket: z.string(), objectLockEnabled: z.boolean().default(false) }),
  versioning: z.object({ versioningConfiguration: z.object({ status: z.string() }) }),
  lifecycle: z.object({ rules: z.array(lifecycleRule) }),
  replication: z.object({ rules: z.array(replicationRule) }),
  lock: z.object({
    rule: z.object({ defaultRetention: z.object({ days: days.optional(), years: days.optional() }) }).optional(),
  }),
};

/**
 * Turns the resources that a stack's program registered, or that are deployed, into the rules of its vault. Parsing is strict: a filter or
 * action that the plan can't simulate is reported by name.
 *
 * @param bucket name of the vault's bucket; the component may have others, for logs
 */
export function readRules(stack: string, bucket: string, resources: readonly RegisteredResource[]): ReadVault {
  const faults: string[] = [];
  const parts = resources.filter(({ urn }) => urn.includes(COMPONENT));
  const itself = parts.find((part) => part.type === TYPES.bucket && part.inputs["bucket"] === bucket);
  if (itself === undefined)
    return {
      vault: undefined,
      faults: [`Stack ${stack} declares no backup vault ${bucket}. Add a BackupVault to its program.`],
    };
  const read = <K extends keyof typeof SCHEMAS>(kind: K): z.output<(typeof SCHEMAS)[K]> | undefined => {
    const resource = parts.find((part) => part.type === TYPES[kind] && isOf(part, bucket, parts));
    if (resource === undefined) return undefined;
    const parsed = SCHEMAS[kind].safeParse(resource.inputs);
    if (parsed.success) return parsed.data as z.output<(typeof SCHEMAS)[K]>;
    faults.push(...parsed.error.issues.map((issue) => sentence(stack, kind, resource, issue)));
    return undefined;
  };
  const own = read("bucket");
  const versioning = read("versioning");
  const lifecycle = read("lifecycle");
  const replication = read("replication");
  const retention = read("lock")?.rule?.defaultRetention;
  if (itself.region === undefined) faults.push(`The region of ${stack}'s vault is unknown. Set \`awsRegion\`.`);
  if (faults.length > 0) return { vault: undefined, faults };
  return {
    faults: [],
    vault: {
      stack,
      bucket,
      region: itself.region ?? "",
      versioned: versioning?.versioningConfiguration.status === "Enabled",
      objectLock: own?.objectLockEnabled ?? false,
      ...(retention && { defaultLockDays: (retention.days ?? 0) + 365 * (retention.years ?? 0) }),
      rules: (lifecycle?.rules ?? []).filter(({ status }) => status === "Enabled").map(lifecycleRuleOf),
      replications: (replication?.rules ?? []).filter(({ status }) => status === "Enabled").map(replicationOf),
    },
  };
}

/** Whether a part belongs to the bucket. If the part's bucket is not known yet, whether it can only belong to this one. */
function isOf({ type, inputs }: RegisteredResource, bucket: string, parts: readonly RegisteredResource[]): boolean {
  if (inputs["bucket"] === bucket) return true;
  const isOfAnother = parts.some((part) => part.type === TYPES.bucket && part.inputs["bucket"] === inputs["bucket"]);
  return !isOfAnother && parts.filter((part) => part.type === type).length === 1;
}

function lifecycleRuleOf(rule: z.output<typeof lifecycleRule>): LifecycleRule {
  const { expiration, noncurrentVersionExpiration: noncurrent } = rule;
  const by = { ...rule.filter, ...rule.filter?.and };
  const { objectSizeGreaterThan: largerThan, objectSizeLessThan: smallerThan } = by;
  const newer = noncurrent?.newerNoncurrentVersions;
  return {
    id: rule.id,
    prefix: by.prefix ?? rule.prefix ?? "",
    ...(expiration?.days !== undefined && { expireDays: expiration.days }),
    ...(noncurrent && { noncurrentDays: noncurrent.noncurrentDays }),
    ...(newer !== undefined && { newerNoncurrentVersions: newer }),
    removesLoneMarkers: expiration?.expiredObjectDeleteMarker ?? false,
    ...(rule.abortIncompleteMultipartUpload && {
      abortUploadDays: rule.abortIncompleteMultipartUpload.daysAfterInitiation,
    }),
    transitions: [...(rule.transitions ?? [])].sort((one, other) => one.days - other.days),
    ...(largerThan !== undefined && { largerThan }),
    ...(smallerThan !== undefined && { smallerThan }),
  };
}

function replicationOf({ id, prefix, filter: by, destination }: z.output<typeof replicationRule>): Replication {
  return {
    id,
    prefix: by?.prefix ?? prefix ?? "",
    destinationBucketArn: destination.bucket,
    ...(destination.storageClass && { storageClass: destination.storageClass }),
    timeControl: destination.replicationTime?.status === "Enabled",
  };
}

function sentence(stack: string, kind: string, { inputs }: RegisteredResource, issue: z.core.$ZodIssue): string {
  const [first, index, ...rest] = issue.path;
  const rule = first === "rules" && typeof index === "number" ? nameOfRule(inputs, index) : undefined;
  const where = rule === undefined ? issue.path : rest;
  const why =
    issue.code === "unrecognized_keys"
      ? `uses ${[...where, issue.keys.join(", ")].join(".")}, which the plan can't simulate. Only filter by prefix and size, and set actions in days`
      : `has a ${where.join(".")} that the plan can't read (${issue.message}). Correct it`;
  return `The ${kind} ${rule === undefined ? "" : `rule "${rule}" `}of ${stack} ${why}.`;
}

function nameOfRule(inputs: Readonly<Record<string, unknown>>, index: number): string {
  const rules = inputs["rules"];
  const rule: unknown = Array.isArray(rules) ? rules[index] : undefined;
  const id = typeof rule === "object" && rule !== null && "id" in rule ? rule.id : undefined;
  return typeof id === "string" ? id : `number ${index + 1}`;
}
