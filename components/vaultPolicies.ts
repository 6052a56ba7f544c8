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
  deny,
  deployerOnly,
  ownAccount,
  type PolicyDocument,
  policyDocument,
  type PolicyStatement,
  s3Service,
  tlsOnly,
  unless,
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
    deny("NobodyDeletes", objects, ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"], {
      ArnNotEquals: { "aws:PrincipalArn": vaultRoleArn(site, "break-glass") },
    }),
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
  const inTiers = tiers.map(({ prefix }) => `${bucketArn}/${prefix}*`);
  const inLog = `${bucketArn}/${RECOVERY_LOG_PREFIX}*`;
  const backups = [vaultRoleArn(site, "writer"), scheduleRoleArn(site, "runner")];
  const holders = [...backups, vaultRoleArn(site, "break-glass")];
  const replicating = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"];
  const onlyPrimary = replicaOf && unless([replicationRoleArn(replicaOf)]);
  return [
    deny("WritersOnly", inTiers, "s3:PutObject", unless(backups)),
    deny("RecoveriesLog", inLog, "s3:PutObject", unless([vaultRoleArn(site, "restorer"), ...deployerArns])),
    {
      Sid: "NothingElse",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      NotResource: [...inTiers, inLog],
    },
    deny("WrittenOnce", objects, "s3:PutObject", {
      Null: { "s3:if-none-match": "true" },
      Bool: { "s3:ObjectCreationOperation": "true" },
    }),
    deny("HoldsOfWriters", objects, ["s3:PutObjectLegalHold", "s3:PutObjectRetention"], unless(holders)),
    deny("ReplicasOfThePrimary", objects, replicating, onlyPrimary),
  ];
}

/**
 * The key policy: the account's own IAM policies and the role that replicates into this vault may use the key. Only the deployers may
 * change its policy, and only break-glass may delete the key, without which a vault is unreadable. KMS refuses to create a key whose policy
 * locks out its creator. A wrong list of deployers therefore fails in the first `up`, before the bucket policy can lock out a principal.
 */
export function keyPolicy(args: Omit<VaultPolicyArgs, "tiers">): PolicyDocument {
  const { site, deployerArns = defaultDeployerArns(site), replicaOf, disposable = false } = args;
  const ends = [vaultRoleArn(site, "break-glass"), ...(disposable ? deployerArns : [])];
  return policyDocument([
    ownAccount(site),
    deny("DeployerOnly", "*", ["kms:DisableKeyRotation", "kms:PutKeyPolicy"], unless(deployerArns)),
    deny("BreakGlassEnds", "*", ["kms:DisableKey", "kms:ScheduleKeyDeletion"], unless(ends)),
    ...(replicaOf ? [replicationEncrypts(site, replicaOf)] : []),
  ]);
}

/** No s3:ReplicateDelete: an object deleted in the primary stays in the replica until the replica's own rules expire it. */
export const REPLICA_ACTIONS = ["s3:ReplicateObject", "s3:ReplicateTags"];

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

function replicationEncrypts({ region }: Site, replicaOf: Site): PolicyStatement {
  return {
    Sid: "ReplicationEncrypts",
    Effect: "Allow",
    Principal: { AWS: accountRoot(replicaOf) },
    Action: ["kms:Encrypt", "kms:GenerateDataKey"],
    Resource: "*",
    Condition: {
      ArnEquals: { "aws:PrincipalArn": replicationRoleArn(replicaOf) },
      StringEquals: { "kms:ViaService": s3Service(region) },
    },
  };
}

function denyUploadsWith(sid: string, objects: string, header: string): PolicyStatement {
  return deny(sid, objects, "s3:PutObject", { Null: { [header]: "false" } });
}

/** Refuses a lock that is longer than its tier, which would delay expiry and which only break-glass can remove. */
function lockLimit(bucketArn: string, { name, prefix, lockDays }: VaultPolicyArgs["tiers"][number]): PolicyStatement {
  const sid = `LockLimit${name.replace(/[^A-Za-z0-9]/g, "")}`;
  const limit = { "s3:object-lock-remaining-retention-days": String(lockDays + LOCK_TOLERANCE_DAYS) };
  return deny(sid, `${bucketArn}/${prefix}*`, ["s3:PutObject", "s3:PutObjectRetention"], {
    NumericGreaterThan: limit,
  });
}
