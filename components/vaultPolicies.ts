import {
  defaultDeployerArns,
  RECOVERY_LOG_PREFIX,
  replicationRoleArn,
  scheduleRoleArn,
  type Site,
  vaultBucketArn,
  vaultRoleArn,
} from "../planning/names.ts";
import type { Tier } from "../planning/tiers.ts";
import {
  accountRoot,
  deployerOnly,
  type PolicyDocument,
  policyDocument,
  type PolicyStatement,
  s3Service,
  tlsOnly,
} from "./policyDocument.ts";

/** The vault's derived names and settings, as plain data that the first preview knows. */
export interface VaultPolicyArgs {
  readonly site: Site;
  /** No object may be locked for longer than its tier says. */
  readonly tiers: readonly Pick<Tier, "name" | "prefix" | "lockDays">[];
  /** The principals that may change the vault's protection: ARNs, with * and ?. @default - {@link defaultDeployerArns} */
  readonly deployerArns?: readonly string[] | undefined;
  /**
   * The site whose replication role may write here. The policy trusts that account's root, with a condition on the role's derived name,
   * because S3 rejects a policy that names a role which doesn't exist.
   */
  readonly replicaOf?: Site | undefined;
  /** The deployers may delete the vault's key, because the vault's content may be thrown away. @default false */
  readonly disposable?: boolean | undefined;
}

/** Days by which a lock may exceed its tier's: the clock may be ahead, and S3 rounds up to whole days. */
const LOCK_TOLERANCE_DAYS = 1;

/** The vault's bucket policy: what it refuses and, on a replica, what it accepts. */
export function bucketPolicy(args: VaultPolicyArgs): PolicyDocument {
  const { site, tiers, deployerArns = defaultDeployerArns(site), replicaOf } = args;
  const bucketArn = vaultBucketArn(site);
  const objects = `${bucketArn}/*`;
  return policyDocument([
    tlsOnly(bucketArn),
    // An upload without an encryption header gets the bucket's default, the vault's key. An upload with one could only name another key.
    denyUploadsWith("RightKeyOnly", objects, "s3:x-amz-server-side-encryption"),
    denyUploadsWith("NoKeyOfTheUploader", objects, "s3:x-amz-server-side-encryption-customer-algorithm"),
    {
      Sid: "NobodyDeletes",
      Effect: "Deny",
      Principal: "*",
      Action: ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: objects,
      Condition: { ArnNotEquals: { "aws:PrincipalArn": vaultRoleArn(site, "break-glass") } },
    },
    ...writers(args, bucketArn, deployerArns),
    deployerOnly(bucketArn, deployerArns),
    ...tiers.map((tier) => lockLimit(bucketArn, tier)),
    ...(replicaOf ? replicaStatements(bucketArn, objects, replicaOf) : []),
  ]);
}

/**
 * Restricts writing, whatever other permissions a principal has. Backups: only the writer and the scheduled runs. The recovery log: the
 * restorer, and the deployers, whose `pulumi up` restores. Replicas: the role that replicates into this vault (S3 checks
 * s3:ReplicateObject, not s3:PutObject). Locks and holds: the writers of backups, and break-glass.
 *
 * Each key can be written only once: a PutObject or CompleteMultipartUpload without If-None-Match is refused. The other calls of a
 * multipart upload take no such header, and have s3:ObjectCreationOperation false. Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 */
function writers(
  { site, tiers, replicaOf }: VaultPolicyArgs,
  bucketArn: string,
  deployerArns: readonly string[],
): PolicyStatement[] {
  const objects = `${bucketArn}/*`;
  const backups = [vaultRoleArn(site, "writer"), scheduleRoleArn(site, "runner")];
  const denied = { Effect: "Deny", Principal: "*" };
  const unless = (arns: readonly string[]) => ({ ArnNotLike: { "aws:PrincipalArn": arns } });
  return [
    {
      Sid: "WritersOnly",
      ...denied,
      Action: "s3:PutObject",
      Resource: tiers.map(({ prefix }) => `${bucketArn}/${prefix}*`),
      Condition: unless(backups),
    },
    {
      Sid: "RecoveriesLog",
      ...denied,
      Action: "s3:PutObject",
      Resource: `${bucketArn}/${RECOVERY_LOG_PREFIX}*`,
      Condition: unless([vaultRoleArn(site, "restorer"), ...deployerArns]),
    },
    {
      Sid: "NothingElse",
      ...denied,
      Action: "s3:PutObject",
      NotResource: [...tiers.map(({ prefix }) => prefix), RECOVERY_LOG_PREFIX].map(
        (prefix) => `${bucketArn}/${prefix}*`,
      ),
    },
    {
      Sid: "WrittenOnce",
      ...denied,
      Action: "s3:PutObject",
      Resource: objects,
      Condition: { Null: { "s3:if-none-match": "true" }, Bool: { "s3:ObjectCreationOperation": "true" } },
    },
    {
      Sid: "HoldsOfWriters",
      ...denied,
      Action: ["s3:PutObjectLegalHold", "s3:PutObjectRetention"],
      Resource: objects,
      Condition: unless([...backups, vaultRoleArn(site, "break-glass")]),
    },
    {
      Sid: "ReplicasOfThePrimary",
      ...denied,
      Action: ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
      Resource: objects,
      ...(replicaOf && { Condition: unless([replicationRoleArn(replicaOf)]) }),
    },
  ];
}

/**
 * The key policy: the account's own IAM policies and the role that replicates into this vault may use the key. Only the deployers may
 * change its policy, and only break-glass may delete the key, without which a vault is unreadable. KMS refuses to create a key whose policy
 * locks out its creator. A wrong list of deployers therefore fails in the first `up`, before the bucket policy can lock out a principal.
 */
export function keyPolicy(args: Omit<VaultPolicyArgs, "tiers">): PolicyDocument {
  const { site, deployerArns = defaultDeployerArns(site), replicaOf, disposable = false } = args;
  return policyDocument([
    {
      Sid: "OwnAccount",
      Effect: "Allow",
      Principal: { AWS: accountRoot(site) },
      Action: "kms:*",
      Resource: "*",
    },
    {
      Sid: "DeployerOnly",
      Effect: "Deny",
      Principal: "*",
      Action: ["kms:DisableKeyRotation", "kms:PutKeyPolicy"],
      Resource: "*",
      Condition: { ArnNotLike: { "aws:PrincipalArn": deployerArns } },
    },
    {
      Sid: "BreakGlassEnds",
      Effect: "Deny",
      Principal: "*",
      Action: ["kms:DisableKey", "kms:ScheduleKeyDeletion"],
      Resource: "*",
      Condition: {
        ArnNotLike: {
          "aws:PrincipalArn": [vaultRoleArn(site, "break-glass"), ...(disposable ? deployerArns : [])],
        },
      },
    },
    ...(replicaOf
      ? [
          {
            Sid: "ReplicationEncrypts",
            Effect: "Allow",
            Principal: { AWS: accountRoot(replicaOf) },
            Action: ["kms:Encrypt", "kms:GenerateDataKey"],
            Resource: "*",
            Condition: {
              ArnEquals: { "aws:PrincipalArn": replicationRoleArn(replicaOf) },
              StringEquals: { "kms:ViaService": s3Service(site.region) },
            },
          },
        ]
      : []),
  ]);
}

/** Lets S3 assume the replication role. */
export function replicationTrust(): PolicyDocument {
  return policyDocument([{ Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sts:AssumeRole" }]);
}

/** The two ends of a replication. */
export interface ReplicationEnds {
  sourceBucketArn: string;
  sourceKeyArn: string;
  sourceRegion: string;
  targetBucketArn: string;
  targetKeyArn: string;
  targetRegion: string;
}

/** Permissions of the replication role: read versions and their locks here, write replicas there. It may not delete. */
export function replicationPermissions(ends: ReplicationEnds): PolicyDocument {
  return policyDocument([
    {
      Effect: "Allow",
      Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
      Resource: ends.sourceBucketArn,
    },
    {
      Effect: "Allow",
      Action: [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        "s3:GetObjectRetention",
        "s3:GetObjectLegalHold",
      ],
      Resource: `${ends.sourceBucketArn}/*`,
    },
    { Effect: "Allow", Action: REPLICA_ACTIONS, Resource: `${ends.targetBucketArn}/*` },
    {
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: ends.sourceKeyArn,
      Condition: { StringEquals: { "kms:ViaService": s3Service(ends.sourceRegion) } },
    },
    {
      Effect: "Allow",
      Action: ["kms:Encrypt", "kms:GenerateDataKey"],
      Resource: ends.targetKeyArn,
      Condition: { StringEquals: { "kms:ViaService": s3Service(ends.targetRegion) } },
    },
  ]);
}

/** No s3:ReplicateDelete: an object deleted in the primary stays in the replica until the replica's own rules expire it. */
const REPLICA_ACTIONS = ["s3:ReplicateObject", "s3:ReplicateTags"];

function replicaStatements(bucketArn: string, objects: string, replicaOf: Site): PolicyStatement[] {
  const from = {
    Effect: "Allow",
    Principal: { AWS: accountRoot(replicaOf) },
    Condition: { ArnEquals: { "aws:PrincipalArn": replicationRoleArn(replicaOf) } },
  };
  return [
    { Sid: "ReplicationWrites", ...from, Action: REPLICA_ACTIONS, Resource: objects },
    { Sid: "ReplicationLooks", ...from, Action: ["s3:GetBucketVersioning", "s3:ListBucket"], Resource: bucketArn },
  ];
}

function denyUploadsWith(sid: string, objects: string, header: string): PolicyStatement {
  return {
    Sid: sid,
    Effect: "Deny",
    Principal: "*",
    Action: "s3:PutObject",
    Resource: objects,
    Condition: { Null: { [header]: "false" } },
  };
}

/** Refuses a lock that is longer than its tier, which would delay expiry and which only break-glass can remove. */
function lockLimit(bucketArn: string, { name, prefix, lockDays }: VaultPolicyArgs["tiers"][number]): PolicyStatement {
  return {
    Sid: `LockLimit${name.replace(/[^A-Za-z0-9]/g, "")}`,
    Effect: "Deny",
    Principal: "*",
    Action: ["s3:PutObject", "s3:PutObjectRetention"],
    Resource: `${bucketArn}/${prefix}*`,
    Condition: {
      NumericGreaterThan: { "s3:object-lock-remaining-retention-days": String(lockDays + LOCK_TOLERANCE_DAYS) },
    },
  };
}
