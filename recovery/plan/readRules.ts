import type { z } from "zod";

import type { DeclaredVault, LifecycleRule, Replication } from "../../planning/retention/vault.ts";
import type { RegisteredResource } from "../pulumi/pulumiResources.ts";
import { type lifecycleRule, type replicationRule, SCHEMAS } from "./vaultSchemas.ts";

/** The rules of a stack's vault, or why they can't be read, in sentences that say what to do. */
export type ReadVault =
  | { vault: DeclaredVault; replicationRole?: string; faults: [] }
  | { vault: undefined; replicationRole?: undefined; faults: string[] };

/** The component that a vault's resources belong to; its type is part of their URNs. */
const COMPONENT = "castchat:index:BackupVault$";
const TYPES = {
  bucket: "aws:s3/bucket:Bucket",
  versioning: "aws:s3/bucketVersioning:BucketVersioning",
  lifecycle: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  replication: "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
  lock: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
} as const;

/** Source: pulumi/pulumi, sdk/nodejs/runtime/rpc.ts. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * Turns the resources that a stack's program registered, or that are deployed, into the rules of its vault. Parsing is strict: a filter or
 * action that the plan can't simulate is reported by name, and so is a second configuration of the bucket, wherever it is declared.
 *
 * @param bucket name of the vault's bucket; the component may have others, for logs
 * @param resources of the vault's stack
 * @param others resources of the other stack, which may not configure this bucket
 */
export function readRules(
  stack: string,
  bucket: string,
  resources: readonly RegisteredResource[],
  others: readonly RegisteredResource[] = [],
): ReadVault {
  const faults: string[] = [];
  const itself = resources.find(
    ({ urn, type, inputs }) => urn.includes(COMPONENT) && type === TYPES.bucket && inputs["bucket"] === bucket,
  );
  if (itself === undefined)
    return {
      vault: undefined,
      faults: [`Stack ${stack} declares no backup vault ${bucket}. Add a BackupVault to its program.`],
    };
  const configures = (kind: keyof typeof SCHEMAS, { type, inputs: { bucket: named } }: RegisteredResource) =>
    // Older releases of the provider have the same types with V2 at the end of their names.
    type.replaceAll("V2", "") === TYPES[kind] && (named === bucket || named === UNKNOWN);
  const read = <K extends keyof typeof SCHEMAS>(kind: K): z.output<(typeof SCHEMAS)[K]> | undefined => {
    const elsewhere = others.filter((one) => one.inputs["bucket"] === bucket);
    const found = [...resources, ...elsewhere].filter((one) => configures(kind, one));
    const [resource, second] = found;
    if (resource === undefined) return undefined;
    if (second !== undefined) faults.push(severalOf(stack, kind, found));
    const parsed = SCHEMAS[kind].safeParse(withoutEngineKeys(resource.inputs));
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
    ...(replication && { replicationRole: replication.role }),
  };
}

/** Bridged providers note which inputs they filled in themselves. */
function withoutEngineKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEngineKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith("__"));
  return Object.fromEntries(entries.map(([key, one]) => [key, withoutEngineKeys(one)]));
}

function severalOf(stack: string, kind: keyof typeof SCHEMAS, found: readonly RegisteredResource[]): string {
  const names = found.map(({ urn }) => `"${urn.split("::").at(-1) ?? urn}"`).join(" and ");
  const what = kind === "bucket" ? "resource" : `${kind} configuration`;
  return `The vault's bucket of ${stack} has more than one ${what}: ${names}. S3 keeps the one that was applied last; declare only the component's.`;
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

function replicationOf(rule: z.output<typeof replicationRule>): Replication {
  const { id, prefix, filter: by, destination, sourceSelectionCriteria: selected, deleteMarkerReplication } = rule;
  const replicaKeyArn = destination.encryptionConfiguration?.replicaKmsKeyId;
  return {
    id,
    prefix: by?.prefix ?? prefix ?? "",
    destinationBucketArn: destination.bucket,
    ...(destination.storageClass && { storageClass: destination.storageClass }),
    timeControl: destination.replicationTime?.status === "Enabled",
    encryptedObjects: selected?.sseKmsEncryptedObjects?.status === "Enabled",
    ...(replicaKeyArn !== undefined && { replicaKeyArn }),
    deletions: deleteMarkerReplication?.status === "Enabled",
  };
}

function sentence(stack: string, kind: string, { inputs }: RegisteredResource, issue: z.core.$ZodIssue): string {
  const [first, index, ...rest] = issue.path;
  const rule = first === "rules" && typeof index === "number" ? nameOfRule(inputs, index) : undefined;
  const where = rule === undefined ? issue.path : rest;
  const why =
    kind === "bucket" && issue.code === "unrecognized_keys"
      ? `itself sets ${issue.keys.join(", ")}, and S3 keeps either that or the component's own setting. Declare it in components/backupVault.ts`
      : issue.code === "unrecognized_keys"
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
