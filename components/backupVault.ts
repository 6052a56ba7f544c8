import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import { keyAlias, type Site, vaultBucketName, type VaultRolePurpose } from "../planning/names.ts";
import type { Tier } from "../planning/tiers.ts";
import { AuditTrail } from "./auditTrail.ts";
import { tiersToLifecycleRules } from "./lifecycleRules.ts";
import { bucketPolicy, keyPolicy } from "./vaultPolicies.ts";
import { replicateVault, type VaultAddress } from "./vaultReplication.ts";
import { type VaultPeople, VaultRoles } from "./vaultRoles.ts";

export interface BackupVaultArgs {
  /** The vault's site. All names derive from it. */
  readonly site: Site;
  /** The tiers, with one lifecycle rule each. */
  readonly tiers: readonly Tier[];
  /** Replicate every new object to this vault in another region. @default - no replication */
  readonly replicateTo?: (VaultAddress & { readonly region: string }) | undefined;
  /** Accept replicas from the vault of this site. @default - no principal outside the account may write */
  readonly replicaOf?: Site | undefined;
  /** The key with which the writer signs manifests. */
  readonly signingKeyArn: pulumi.Input<string>;
  /**
   * The principals that may change the vault's protection (policy, lock, lifecycle, replication, key): ARNs, with * and ?. @default - the
   * account's root user, its role `<project>-deployer`, and IAM Identity Center's administrators
   */
  readonly deployerArns?: readonly string[] | undefined;
  /** The people who may assume the vault's roles, beside the schedule, by purpose. @default - principals with the role's tag */
  readonly people?: VaultPeople | undefined;
  /**
   * The vault's content may be thrown away: it belongs to a drill or a sandbox. Then `protect` decides whether bucket, key and trail are
   * protected, and the deployers may delete the key. Any other vault is always protected; to give it up, use `castchat-recovery vault
   * retire`. @default false
   */
  readonly disposable?: boolean | undefined;
  /**
   * Refuse to delete bucket, key and trail of a disposable vault.
   * @default true
   */
  readonly protect?: boolean | undefined;
  readonly tags?: Record<string, string> | undefined;
}

/** Waiting days of a key's deletion: KMS's maximum. */
const KEY_DELETION_DAYS = 30;

/**
 * The backups' storage: a versioned bucket with Object Lock, its own key, no public access and TLS only. It has one lifecycle rule for each
 * tier, a role for each purpose, an audit trail and, if configured, a replica in another region.
 *
 * The writer locks each object, because a bucket's default has one period for all tiers.
 */
export class BackupVault extends pulumi.ComponentResource {
  /** Name of the bucket. */
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  /** The ARN, not the alias: an alias may resolve in the caller's account. */
  readonly keyArn: pulumi.Output<string>;
  /** ARNs of the vault's roles, by purpose. */
  readonly roleArns: Readonly<Record<VaultRolePurpose, pulumi.Output<string>>>;
  /** Name of the bucket with the audit trail's logs. */
  readonly auditBucket: pulumi.Output<string>;

  readonly #args: BackupVaultArgs;
  readonly #name: string;

  constructor(name: string, args: BackupVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:BackupVault", name, {}, opts);
    this.#args = args;
    this.#name = name;

    const key = this.#createKey();
    const bucket = this.#createBucket();
    const versioning = this.#versionBucket(bucket);
    const settings = [
      versioning,
      this.#encryptBucket(bucket, key),
      this.#expireObjects(bucket, versioning),
      ...this.#closeBucket(bucket),
      ...this.#replicate(bucket, key, versioning),
    ];
    this.#guardBucket(bucket, [key, ...settings]);
    const roles = this.#createRoles(bucket, key);
    const audit = this.#watchObjects();

    this.bucket = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.keyArn = key.arn;
    this.roleArns = roles.arns;
    this.auditBucket = audit.bucket;
    this.registerOutputs({
      bucket: this.bucket,
      bucketArn: this.bucketArn,
      keyArn: this.keyArn,
      roleArns: this.roleArns,
      auditBucket: this.auditBucket,
    });
  }

  #createKey(): aws.kms.Key {
    const { site, tags } = this.#args;
    const key = new aws.kms.Key(
      `${this.#name}-key`,
      {
        description: `Encrypts the ${site.role} backup vault of ${site.project}`,
        enableKeyRotation: true,
        deletionWindowInDays: KEY_DELETION_DAYS,
        policy: JSON.stringify(keyPolicy(this.#args)),
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

  #encryptBucket(bucket: aws.s3.Bucket, key: aws.kms.Key): pulumi.Resource {
    return new aws.s3.BucketServerSideEncryptionConfiguration(
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

  #closeBucket(bucket: aws.s3.Bucket): pulumi.Resource[] {
    return [
      new aws.s3.BucketPublicAccessBlock(
        `${this.#name}-public-access`,
        {
          bucket: bucket.bucket,
          blockPublicAcls: true,
          blockPublicPolicy: true,
          ignorePublicAcls: true,
          restrictPublicBuckets: true,
        },
        this.#child(),
      ),
      new aws.s3.BucketOwnershipControls(
        `${this.#name}-ownership`,
        { bucket: bucket.bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
        this.#child(),
      ),
    ];
  }

  /**
   * The policy comes last: from then on only a deployer may change the other settings. It also waits for the key, because KMS refuses to
   * create the key for a principal that is not a deployer.
   */
  #guardBucket(bucket: aws.s3.Bucket, dependsOn: pulumi.Resource[]): void {
    new aws.s3.BucketPolicy(
      `${this.#name}-policy`,
      { bucket: bucket.bucket, policy: JSON.stringify(bucketPolicy(this.#args)) },
      this.#child({ dependsOn }),
    );
  }

  #versionBucket(bucket: aws.s3.Bucket): aws.s3.BucketVersioning {
    return new aws.s3.BucketVersioning(
      `${this.#name}-versioning`,
      { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } },
      this.#child(),
    );
  }

  #expireObjects(bucket: aws.s3.Bucket, versioning: aws.s3.BucketVersioning): pulumi.Resource {
    return new aws.s3.BucketLifecycleConfiguration(
      `${this.#name}-lifecycle`,
      { bucket: bucket.bucket, rules: tiersToLifecycleRules(this.#args.tiers) },
      this.#child({ dependsOn: [versioning] }),
    );
  }

  #replicate(bucket: aws.s3.Bucket, key: aws.kms.Key, versioning: aws.s3.BucketVersioning): pulumi.Resource[] {
    const { site, replicateTo: target, tags } = this.#args;
    return target ? [replicateVault(this.#name, { site, bucket, key, versioning, target, tags }, this.#child())] : [];
  }

  #createRoles({ arn: bucketArn }: aws.s3.Bucket, { arn: keyArn }: aws.kms.Key): VaultRoles {
    const { site, tiers, signingKeyArn, people, tags } = this.#args;
    return new VaultRoles(
      `${this.#name}-roles`,
      { site, tiers, bucketArn, keyArn, signingKeyArn, people, tags },
      { parent: this },
    );
  }

  #watchObjects(): AuditTrail {
    const { site, tiers, deployerArns, tags } = this.#args;
    const protect = this.#isProtected();
    const keptDays = Math.max(...tiers.map((tier) => tier.keptDays));
    return new AuditTrail(`${this.#name}-audit`, { site, keptDays, deployerArns, protect, tags }, { parent: this });
  }

  #child(opts: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    return { parent: this, ...opts };
  }

  #keptChild(): pulumi.CustomResourceOptions {
    return this.#child({ protect: this.#isProtected() });
  }

  #isProtected(): boolean {
    const { disposable = false, protect = true } = this.#args;
    return !disposable || protect;
  }
}
