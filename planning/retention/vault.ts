/** S3's storage classes that the plan knows. GLACIER is Glacier Flexible Retrieval. */
export const STORAGE_CLASSES = ["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"] as const;
export type StorageClass = (typeof STORAGE_CLASSES)[number];

/** A move to a colder class, in days after the object's creation. */
export interface Transition {
  readonly days: number;
  readonly storageClass: StorageClass;
}

/** One enabled rule of a bucket's lifecycle, as it was declared. */
export interface LifecycleRule {
  readonly id: string;
  /** "" for all objects. */
  readonly prefix: string;
  /** Days after an object's creation at which it gets a delete marker (without versioning: goes). */
  readonly expireDays?: number;
  /** Days after which a version that is no longer current goes for good. */
  readonly noncurrentDays?: number;
  /** Noncurrent versions of a key that stay all the same. */
  readonly newerNoncurrentVersions?: number;
  /** Delete markers that stand alone go. */
  readonly removesLoneMarkers: boolean;
  /** Days after which an upload that was never finished goes. */
  readonly abortUploadDays?: number;
  /** In the order of their days. */
  readonly transitions: readonly Transition[];
  /** Only objects larger than this, in bytes. Lifts S3's own rule that objects under 128 KB aren't moved. */
  readonly largerThan?: number;
  /** Only objects smaller than this, in bytes. */
  readonly smallerThan?: number;
}

/** Where a vault's objects are copied to. */
export interface Replication {
  /** The rule's id. */
  readonly id: string;
  /** Only keys that begin so. */
  readonly prefix: string;
  readonly destinationBucketArn: string;
  /** Class that replicas are stored in; the source's when absent. */
  readonly storageClass?: StorageClass;
  /** Replication Time Control: S3 promises 15 minutes, for a price. */
  readonly timeControl: boolean;
}

/** What a stack declares of its backup vault. */
export interface DeclaredVault {
  /** Name of the stack. */
  readonly stack: string;
  readonly bucket: string;
  readonly region: string;
  readonly versioned: boolean;
  readonly objectLock: boolean;
  /** Lock that the bucket itself puts on objects which come without one, in days. */
  readonly defaultLockDays?: number;
  /** Enabled rules alone. */
  readonly rules: readonly LifecycleRule[];
  /** Enabled rules alone. */
  readonly replications: readonly Replication[];
}

/** A tier as the runner fills it: where it writes, when, and for how long it locks. */
export interface RunnerTier {
  readonly name: string;
  /** With the closing slash. */
  readonly prefix: string;
  readonly period: "run" | "isoWeek" | "month" | "year";
  /** Days that a backup is meant to be kept; what `nothing is kept longer than it says` is measured by. */
  readonly keptDays: number;
  readonly lockDays: number;
}
