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

/** What the vault's policies are made of: derived names and plain data, so that they are known in the first preview. */
export interface VaultPolicyArgs {
  readonly site: Site;
  /** No object may be locked for longer than its tier says. */
  readonly tiers: readonly Pick<Tier, "name" | "prefix" | "lockDays">[];
  /** Who may change what protects the vault: ARNs, with * and ?. @default - {@link defaultDeployerArns} */
  readonly deployerArns?: readonly string[] | undefined;
  /**
   * The site whose replication role may write here. It is trusted through its account's root with a condition on the role's
   * derived name, because S3 rejects a policy that names a role which doesn't exist.
   */
  readonly replicaOf?: Site | undefined;
  /** The deployers may end the vault's key, as what the vault holds is thrown away. @default false */
  readonly disposable?: boolean | undefined;
}

/** Days that a lock may exceed its tier's: a clock that is ahead, and S3's rounding up to whole days. */
const LOCK_TOLERANCE_DAYS = 1;

/** What the vault's bucket refuses and, on a replica, what it lets in. */
export function bucketPolicy(args: VaultPolicyArgs): PolicyDocument {
  const { site, tiers, deployerArns = defaultDeployerArns(site), replicaOf } = args;
  const bucketArn = vaultBucketArn(site);
  const objects = `${bucketArn}/*`;
  return policyDocument([
    tlsOnly(bucketArn),
    // An upload that says nothing about encryption gets the bucket's default, which is the vault's key. One that says
    // anything could only ask for another key, or bring its own.
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
 * Who writes what, whatever other rights a principal of the account has. Backups: the writer and the scheduled runs. The recovery log: the
 * restorer, and the deployers, whose `pulumi up` restores. Replicas: the role that replicates into this vault; S3 asks for s3:ReplicateObject
 * there, not for s3:PutObject. Locks and holds: who writes backups, and break-glass.
 *
 * And every key once: a PutObject or CompleteMultipartUpload without If-None-Match is refused. The other calls of an upload in parts take no such
 * header; s3:ObjectCreationOperation is false for them.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
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
 * Who may use the vault's key: the account's own IAM policies, and the role that replicates into this vault. Nobody but the
 * deployers may change its policy, and only break-glass may end it: without its key a vault is noise. KMS refuses to make a key whose policy
 * shuts its maker out, so a wrong list of deployers shows in the first `up`, before the bucket's policy can lock anybody out.
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

/** Lets S3 take the replication role. */
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

/** What the replication role may do: read versions and their locks here, write replicas there. It may not delete. */
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

/** No s3:ReplicateDelete: what the primary deletes stays in the replica until its own rules expire it. */
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

/** A lock that outlasts its tier would hold up the expiry, and can't be undone without breaking glass. */
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
