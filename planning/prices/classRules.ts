import type { StorageClass } from "../retention/vault.ts";

const HOUR_MS = 3_600_000;

/** What S3 requires of a storage class, in every region. */
export interface ClassRules {
  /** Minimum days that are charged. */
  readonly minimumDays: number;
  /** Minimum bytes that an object is charged for. */
  readonly minimumBytes: number;
  /** Bytes that S3 adds to each object, in the class itself and in STANDARD. */
  readonly addedBytes: { readonly own: number; readonly standard: number };
  /** Days after creation before which lifecycle may not move an object to this class. */
  readonly earliestTransitionDays: number;
  /** Longest time until the first byte can be read by a standard retrieval. */
  readonly answersWithinMs: number;
}

const KB = 1024;
const AT_ONCE = { answersWithinMs: 0, addedBytes: { own: 0, standard: 0 } };
const ARCHIVED = { addedBytes: { own: 32 * KB, standard: 8 * KB }, minimumBytes: 0, earliestTransitionDays: 0 };

/** Source: Amazon S3 User Guide, "Understanding and managing Amazon S3 storage classes" and "Archive retrieval options". */
export const CLASS_RULES: Readonly<Record<StorageClass, ClassRules>> = {
  STANDARD: { ...AT_ONCE, minimumDays: 0, minimumBytes: 0, earliestTransitionDays: 0 },
  STANDARD_IA: { ...AT_ONCE, minimumDays: 30, minimumBytes: 128 * KB, earliestTransitionDays: 30 },
  GLACIER_IR: { ...AT_ONCE, minimumDays: 90, minimumBytes: 128 * KB, earliestTransitionDays: 0 },
  GLACIER: { ...ARCHIVED, minimumDays: 90, answersWithinMs: 5 * HOUR_MS },
  DEEP_ARCHIVE: { ...ARCHIVED, minimumDays: 180, answersWithinMs: 12 * HOUR_MS },
};
