import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { replicationRoleName, type Site } from "../planning/names.ts";
import { replicationPermissions, replicationTrust } from "./vaultPolicies.ts";

/** Address of the vault that another site keeps as a replica. */
export interface VaultAddress {
  readonly bucketArn: string;
  readonly keyArn: string;
}

/** From where to where. */
export interface VaultReplicationArgs {
  readonly site: Site;
  readonly bucket: aws.s3.Bucket;
  readonly key: aws.kms.Key;
  readonly versioning: aws.s3.BucketVersioning;
  readonly target: VaultAddress & { readonly region: string };
  readonly tags?: Record<string, string> | undefined;
}

/** Minutes within which S3's Replication Time Control promises 99.99 % of the objects. The service has this one value. */
const REPLICATION_MINUTES = 15;

/**
 * Replicates every new object of a vault, with its lock and its hold, and no deletion, by a role that may not delete. What
 * lay in the vault before is not replicated: that takes one S3 Batch Replication.
 *
 * @param child the vault as parent
 */
export function replicateVault(
  name: string,
  args: VaultReplicationArgs,
  child: pulumi.CustomResourceOptions,
): aws.s3.BucketReplicationConfig {
  const { site, bucket, key, versioning, target, tags } = args;
  const role = new aws.iam.Role(
    `${name}-replication-role`,
    {
      name: replicationRoleName(site),
      description: `S3 replicates the ${site.role} backup vault of ${site.project} with it`,
      assumeRolePolicy: JSON.stringify(replicationTrust()),
      ...(tags && { tags }),
    },
    child,
  );
  const permissions = pulumi.all([bucket.arn, key.arn]).apply(([sourceBucketArn, sourceKeyArn]) =>
    JSON.stringify(
      replicationPermissions({
        sourceBucketArn,
        sourceKeyArn,
        sourceRegion: site.region,
        targetBucketArn: target.bucketArn,
        targetKeyArn: target.keyArn,
        targetRegion: target.region,
      }),
    ),
  );
  const rolePolicy = new aws.iam.RolePolicy(
    `${name}-replication-policy`,
    { name: "replicate", role: role.name, policy: permissions },
    child,
  );
  return new aws.s3.BucketReplicationConfig(
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
          // A copy of every deletion would be no backup.
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
