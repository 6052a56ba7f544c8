import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import type { Key } from "@pulumi/aws/kms/key.js";
import type { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketReplicationConfig } from "@pulumi/aws/s3/bucketReplicationConfig.js";
import type { BucketVersioning } from "@pulumi/aws/s3/bucketVersioning.js";
import * as pulumi from "@pulumi/pulumi";

import { replicationRoleName, type Site } from "../planning/names.ts";
import { keepsTrail, policyDocument, s3Service } from "./policyDocument.ts";
import { REPLICA_ACTIONS } from "./vaultPolicies.ts";

/** Address of another site's vault that receives replicas. */
export interface VaultAddress {
  readonly bucketArn: string;
  readonly keyArn: string;
}

/** One end of a replication. */
export type ReplicationEnd = VaultAddress & { readonly region: string };

/** The source and the target of a replication. */
export interface VaultReplicationArgs {
  readonly site: Site;
  readonly bucket: Bucket;
  readonly key: Key;
  readonly versioning: BucketVersioning;
  readonly target: ReplicationEnd;
  readonly tags?: Record<string, string> | undefined;
}

/**
 * No condition on the source: AWS documents none for replication, and one that S3 does not send would stop it without an error. Another
 * account's bucket cannot use the role, since a role is passed within its own account only. Another bucket of this account could only if a
 * principal who may pass the role configured that, and the role reads and writes nothing but the two vaults. Sources:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html (step 2) and
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
const S3_MAY_ASSUME = policyDocument([
  { Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sts:AssumeRole" },
]);

/** Minutes in which Replication Time Control replicates 99.99 % of the objects. S3 offers only this value. */
const REPLICATION_MINUTES = 15;

/**
 * Replicates every new object of a vault with its lock and its hold, but no deletions, by a role that may not delete. Older objects are not
 * replicated; use S3 Batch Replication once for those.
 *
 * @param child options with the vault as parent
 */
export function replicateVault(
  name: string,
  args: VaultReplicationArgs,
  child: pulumi.CustomResourceOptions,
): BucketReplicationConfig {
  const { site, bucket, key, versioning, target, tags } = args;
  const role = new Role(
    `${name}-replication-role`,
    {
      name: replicationRoleName(site),
      description: `S3 replicates the ${site.role} backup vault of ${site.project} with it`,
      assumeRolePolicy: JSON.stringify(S3_MAY_ASSUME),
      ...(tags && { tags }),
    },
    child,
  );
  const policy = pulumi
    .all([bucket.arn, key.arn])
    .apply(([bucketArn, keyArn]) =>
      JSON.stringify(replicationPermissions(site, { bucketArn, keyArn, region: site.region }, target)),
    );
  const rolePolicy = new RolePolicy(
    `${name}-replication-policy`,
    { name: "replicate", role: role.name, policy },
    child,
  );
  return new BucketReplicationConfig(
    `${name}-replication`,
    {
      bucket: bucket.bucket,
      role: role.arn,
      rules: [
        {
          id: "standby",
          status: "Enabled",
          priority: 1,
          filter: { prefix: "" },
          // A replica with every deletion would not be a backup.
          deleteMarkerReplication: { status: "Disabled" },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
          destination: {
            bucket: target.bucketArn,
            encryptionConfiguration: { replicaKmsKeyId: target.keyArn },
            replicationTime: { status: "Enabled", time: { minutes: REPLICATION_MINUTES } },
            metrics: { status: "Enabled", eventThreshold: { minutes: REPLICATION_MINUTES } },
          },
        },
      ],
    },
    { ...child, dependsOn: [versioning, rolePolicy] },
  );
}

/** Permissions of the replication role: read versions and their locks here, write replicas there. It may not delete. */
function replicationPermissions(site: Site, source: ReplicationEnd, target: ReplicationEnd) {
  const through = ({ region }: ReplicationEnd) => ({ StringEquals: { "kms:ViaService": s3Service(region) } });
  const reading = [
    ...["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
    ...["s3:GetObjectRetention", "s3:GetObjectLegalHold"],
  ];
  const encrypting = ["kms:Encrypt", "kms:GenerateDataKey"];
  return policyDocument([
    { Effect: "Allow", Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"], Resource: source.bucketArn },
    { Effect: "Allow", Action: reading, Resource: `${source.bucketArn}/*` },
    { Effect: "Allow", Action: REPLICA_ACTIONS, Resource: `${target.bucketArn}/*` },
    { Effect: "Allow", Action: "kms:Decrypt", Resource: source.keyArn, Condition: through(source) },
    { Effect: "Allow", Action: encrypting, Resource: target.keyArn, Condition: through(target) },
    keepsTrail(site),
  ]);
}
