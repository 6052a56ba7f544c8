import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketLifecycleConfiguration } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import * as pulumi from "@pulumi/pulumi";

import { keyAlias, type Site, vaultBucketName, type VaultRolePurpose } from "../planning/names.ts";
import type { Tier } from "../planning/tiers.ts";
import { AuditTrail } from "./auditTrail.ts";
import { closedBucket, versionedBucket } from "./closedBucket.ts";
import { tiersToLifecycleRules } from "./lifecycleRules.ts";
import { bucketPolicy, keyPolicy } from "./vaultPolicies.ts";
import { replicateVault, type ReplicationEnd } from "./vaultReplication.ts";
import { type VaultPeople, VaultRoles } from "./vaultRoles.ts";

export interface BackupVaultArgs {
  /** The vault's site. All names derive from it. */
  readonly site: Site;
  /** The tiers, with one lifecycle rule each. */
  readonly tiers: readonly Tier[];
  /** Replicate every new object to this vault in another region. @default - no replication */
  readonly replicateTo?: ReplicationEnd | undefined;
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
  /** Refuse to delete bucket, key and trail of a disposable vault. @default true */
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

  constructor(name: string, args: BackupVaultArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:BackupVault", name, {}, opts);
    const { site, tiers, replicateTo: target, signingKeyArn, deployerArns, people, tags } = args;
    const { disposable = false, protect: wanted = true } = args;
    const protect = !disposable || wanted;
    const child = { parent: this };

    const key = new Key(
      `${name}-key`,
      {
        description: `Encrypts the ${site.role} backup vault of ${site.project}`,
        enableKeyRotation: true,
        deletionWindowInDays: KEY_DELETION_DAYS,
        policy: JSON.stringify(keyPolicy(args)),
        ...(tags && { tags }),
      },
      { ...child, protect },
    );
    new Alias(`${name}-key-alias`, { name: keyAlias(site, "vault"), targetKeyId: key.keyId }, child);
    const stored = new Bucket(
      `${name}-bucket`,
      { bucket: vaultBucketName(site), objectLockEnabled: true, ...(tags && { tags }) },
      { ...child, protect },
    );
    const { bucket, arn: bucketArn } = stored;
    const versioning = versionedBucket(name, bucket, child);
    const settings = [
      versioning,
      new BucketLifecycleConfiguration(
        `${name}-lifecycle`,
        { bucket, rules: tiersToLifecycleRules(tiers) },
        { ...child, dependsOn: [versioning] },
      ),
      ...closedBucket(name, bucket, child, {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
        bucketKeyEnabled: true,
      }),
      ...(target ? [replicateVault(name, { site, bucket: stored, key, versioning, target, tags }, child)] : []),
    ];
    // The policy comes last: from then on only a deployer may change the other settings. It also waits for the key, because KMS refuses to
    // create the key for a principal that is not a deployer.
    new BucketPolicy(
      `${name}-policy`,
      { bucket, policy: JSON.stringify(bucketPolicy(args)) },
      { ...child, dependsOn: [key, ...settings] },
    );
    const roles = new VaultRoles(
      `${name}-roles`,
      { site, tiers, bucketArn, keyArn: key.arn, signingKeyArn, people, tags },
      child,
    );
    const keptDays = Math.max(...tiers.map((tier) => tier.keptDays));
    const audit = new AuditTrail(`${name}-audit`, { site, keptDays, deployerArns, protect, tags }, child);

    this.bucket = bucket;
    this.bucketArn = bucketArn;
    this.keyArn = key.arn;
    this.roleArns = roles.arns;
    this.auditBucket = audit.bucket;
    this.registerOutputs({
      bucket,
      bucketArn,
      keyArn: key.arn,
      roleArns: roles.arns,
      auditBucket: audit.bucket,
    });
  }
}
