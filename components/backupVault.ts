import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { keyAlias, replicationRoleName, vaultBucketName, type Site } from "../planning/names.ts";
import type { Tier } from "../planning/tiers.ts";
import { tiersToLifecycleRules } from "./lifecycleRules.ts";
import { bucketPolicy, keyPolicy, replicationPermissions, replicationTrust } from "./vaultPolicies.ts";

/** Address of the vault that another site keeps as a replica. */
export interface VaultAddress {
  readonly bucketArn: string;
  readonly keyArn: string;
}

export interface BackupVaultArgs {
  /** Whose vault it is; all names derive from it. */
  readonly site: Site;
  /** What is kept, where and for how long: one lifecycle rule each. */
  readonly tiers: readonly Tier[];
  /**
   * Replicate every new object to this vault in another region.
   * @default - no replication
   */
  readonly replicateTo?: VaultAddress & { readonly region: string };
  /**
   * Accept replicas from the vault of this site.
   * @default - nobody outside the account writes here
   */
  readonly replicaOf?: Site;
  /**
   * Refuse to delete the vault's bucket and key.
   * @default true
   */
  readonly protect?: boolean;
  readonly tags?: Record<string, string>;
}

/** Minutes within which S3's Replication Time Control promises 99.99 % of the objects. The service has this one value. */
const REPLICATION_MINUTES = 15;

/** Days between asking for a key's deletion and its end: the longest that KMS offers. */
const KEY_DELETION_DAYS = 30;

/**
 * Where the backups lie: a versioned bucket with Object Lock, encrypted with a key of its own, closed to the public,
 * reached over TLS alone, with one lifecycle rule a tier and, where asked, a replica in another region.
 *
 * Locks are set on each object by the writer, since a bucket's default knows one period for all tiers.
 */
export class BackupVault extends pulumi.ComponentResource {
  /** Name of the bucket. */
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  /** The ARN, not the alias: an alias may resolve in the account that asks. */
  readonly keyArn: pulumi.Output<string>;

  readonly #args: BackupVaultArgs;
  readonly #name: string;

  constructor(name: string, args: BackupVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:BackupVault", name, {}, opts);
    this.#args = args;
    this.#name = name;

    const key = this.#createKey();
    const bucket = this.#createBucket();
    this.#encryptBucket(bucket, key);
    this.#closeBucket(bucket);
    const versioning = this.#versionBucket(bucket);
    this.#expireObjects(bucket, versioning);
    if (args.replicateTo) this.#replicate(bucket, key, versioning, args.replicateTo);

    this.bucket = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.keyArn = key.arn;
    this.registerOutputs({ bucket: this.bucket, bucketArn: this.bucketArn, keyArn: this.keyArn });
  }

  #createKey(): aws.kms.Key {
    const { site, replicaOf, tags } = this.#args;
    const key = new aws.kms.Key(
      `${this.#name}-key`,
      {
        description: `Encrypts the ${site.role} backup vault of ${site.project}`,
        enableKeyRotation: true,
        deletionWindowInDays: KEY_DELETION_DAYS,
        policy: JSON.stringify(keyPolicy(site, replicaOf)),
        ...(tags && { tags }),
      },
      this.#keptChild(),
    );
    new aws.kms.Alias(
      `${this.#name}-key-alias`,
      { name: keyAlias(site, "vault"), targetKeyId: key.keyId },
      this.#child(),
    );
    return key;
  }

  #createBucket(): aws.s3.Bucket {
    const { site, tags } = this.#args;
    return new aws.s3.Bucket(
      `${this.#name}-bucket`,
      { bucket: vaultBucketName(site), objectLockEnabled: true, ...(tags && { tags }) },
      this.#keptChild(),
    );
  }

  #encryptBucket(bucket: aws.s3.Bucket, key: aws.kms.Key): void {
    new aws.s3.BucketServerSideEncryptionConfiguration(
      `${this.#name}-encryption`,
      {
        bucket: bucket.bucket,
        rules: [
          {
            applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
            bucketKeyEnabled: true,
          },
        ],
      },
      this.#child(),
    );
  }

  #closeBucket(bucket: aws.s3.Bucket): void {
    const publicAccess = new aws.s3.BucketPublicAccessBlock(
      `${this.#name}-public-access`,
      {
        bucket: bucket.bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      this.#child(),
    );
    new aws.s3.BucketOwnershipControls(
      `${this.#name}-ownership`,
      { bucket: bucket.bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
      this.#child(),
    );
    const { site, replicaOf } = this.#args;
    // S3 answers 409 when a bucket's policy and its public access are changed at the same time.
    new aws.s3.BucketPolicy(
      `${this.#name}-policy`,
      { bucket: bucket.bucket, policy: JSON.stringify(bucketPolicy(site, replicaOf)) },
      this.#child({ dependsOn: [publicAccess] }),
    );
  }

  #versionBucket(bucket: aws.s3.Bucket): aws.s3.BucketVersioning {
    return new aws.s3.BucketVersioning(
      `${this.#name}-versioning`,
      { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
      this.#child(),
    );
  }

  #expireObjects(bucket: aws.s3.Bucket, versioning: aws.s3.BucketVersioning): void {
    new aws.s3.BucketLifecycleConfiguration(
      `${this.#name}-lifecycle`,
      { bucket: bucket.bucket, rules: tiersToLifecycleRules(this.#args.tiers) },
      this.#child({ dependsOn: [versioning] }),
    );
  }

  #replicate(
    bucket: aws.s3.Bucket,
    key: aws.kms.Key,
    versioning: aws.s3.BucketVersioning,
    target: VaultAddress & { readonly region: string },
  ): void {
    const { site, tags } = this.#args;
    const role = new aws.iam.Role(
      `${this.#name}-replication-role`,
      {
        name: replicationRoleName(site),
        description: `S3 replicates the ${site.role} backup vault of ${site.project} with it`,
        assumeRolePolicy: JSON.stringify(replicationTrust()),
        ...(tags && { tags }),
      },
      this.#child(),
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
      `${this.#name}-replication-policy`,
      { name: "replicate", role: role.name, policy: permissions },
      this.#child(),
    );
    new aws.s3.BucketReplicationConfig(
      `${this.#name}-replication`,
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
      this.#child({ dependsOn: [versioning, rolePolicy] }),
    );
  }

  #child(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    return { parent: this, ...opts };
  }

  #keptChild(): pulumi.CustomResourceOptions {
    return this.#child({ protect: this.#args.protect ?? true });
  }
}
