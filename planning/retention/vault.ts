import type { Tier } from "../tiers.ts";

/** The S3 storage classes that the plan supports. GLACIER is Glacier Flexible Retrieval. */
export const STORAGE_CLASSES = ["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"] as const;
export type StorageClass = (typeof STORAGE_CLASSES)[number];

/** A move to a colder class, in days after the object's creation. */
export interface Transition {
  readonly days: number;
  readonly storageClass: StorageClass;
}

/** One enabled rule of a bucket's lifecycle, as declared. */
export interface LifecycleRule {
  readonly id: string;
  /** "" for all objects. */
  readonly prefix: string;
  /** Days after an object's creation at which it gets a delete marker. Without versioning the object is removed. */
  readonly expireDays?: number;
  /** Days after which a noncurrent version is removed for good. */
  readonly noncurrentDays?: number;
  /** Noncurrent versions of a key that are kept regardless. */
  readonly newerNoncurrentVersions?: number;
  /** Removes delete markers that have no versions left. */
  readonly removesLoneMarkers: boolean;
  /** Days after which an unfinished upload is removed. */
  readonly abortUploadDays?: number;
  /** Ordered by day. */
  readonly transitions: readonly Transition[];
  /** Applies only to objects larger than this, in bytes. Overrides S3's minimum of 128 KB for transitions. */
  readonly largerThan?: number;
  /** Applies only to objects smaller than this, in bytes. */
  readonly smallerThan?: number;
}

/** Where a vault's objects are copied to. */
export interface Replication {
  /** The rule's id. */
  readonly id: string;
  /** Applies only to keys with this prefix. */
  readonly prefix: string;
  readonly destinationBucketArn: string;
  /** Class that replicas are stored in; the source's when absent. */
  readonly storageClass?: StorageClass;
  /** Replication Time Control: S3 promises 15 minutes, for a price. */
  readonly timeControl: boolean;
  /**
   * Includes what a KMS key encrypts, which S3 leaves out by default. Source:
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
   */
  readonly encryptedObjects: boolean;
  /** ARN of the key that encrypts the replicas. S3 needs it for encrypted objects. */
  readonly replicaKeyArn?: string;
  /** Also replicates the delete markers of principals (never those of lifecycle rules). */
  readonly deletions: boolean;
}

/** What a stack declares of its backup vault. */
export interface DeclaredVault {
  /** Name of the stack. */
  readonly stack: string;
  readonly bucket: string;
  readonly region: string;
  readonly versioned: boolean;
  readonly objectLock: boolean;
  /** Days for which the bucket locks objects that come without a lock of their own. */
  readonly defaultLockDays?: number;
  /** Only enabled rules. */
  readonly rules: readonly LifecycleRule[];
  /** Only enabled rules. */
  readonly replications: readonly Replication[];
}

/** A tier as the runner fills it. The proof measures overstays by its `keptDays`, and takes transitions from the bucket's rules. */
export type RunnerTier = Omit<Tier, "transition">;
