import { type LifecycleRule, STORAGE_CLASSES, type StorageClass } from "./vault.ts";

/** A number of days and the rule that says it. */
export interface RuleDays {
  readonly days: number;
  readonly rule: string;
}

/** What all of a bucket's rules together do to the backups of one tier. */
export interface TierLifecycle {
  readonly expire: RuleDays | undefined;
  readonly noncurrent: RuleDays | undefined;
  /** Lone delete markers: at once (0), by their age in days, or never. */
  readonly loneMarker: RuleDays | undefined;
  readonly abortUpload: RuleDays | undefined;
  /** In the order of their days, each to a colder class than the one before. */
  readonly transitions: readonly (RuleDays & { storageClass: StorageClass; largerThan: number })[];
}

/** S3 leaves smaller objects where they are, unless a rule names a size of its own. */
const LEAST_MOVED_BYTES = 128 * 1024;

/**
 * Puts the rules together that meet a tier's backups, which are `bytes` large. Of two expirations the earlier one acts; of
 * two transitions the one to the colder class wins.
 */
export function lifecycleOf(prefix: string, bytes: number, rules: readonly LifecycleRule[]): TierLifecycle {
  const met = rules.filter(
    (rule) =>
      prefix.startsWith(rule.prefix) && bytes > (rule.largerThan ?? -1) && bytes < (rule.smallerThan ?? Infinity),
  );
  const expire = earliest(met, (rule) => rule.expireDays);
  return {
    expire,
    // A key of the vault has one version, so a rule that spares the newest noncurrent one never acts.
    noncurrent: earliest(met, (rule) => ((rule.newerNoncurrentVersions ?? 0) > 0 ? undefined : rule.noncurrentDays)),
    // S3 also clears lone markers by an expiration in days, once they are as old as that.
    loneMarker: earliest(met, (rule) => (rule.removesLoneMarkers ? 0 : rule.expireDays)),
    abortUpload: earliest(met, (rule) => rule.abortUploadDays),
    transitions: everColder(
      met.flatMap((rule) =>
        rule.transitions.map((one) => ({
          ...one,
          rule: rule.id,
          largerThan: rule.largerThan ?? LEAST_MOVED_BYTES - 1,
        })),
      ),
    ),
  };
}

/** Where a class stands between STANDARD (0) and the coldest. */
export function coldness(storageClass: StorageClass): number {
  return STORAGE_CLASSES.indexOf(storageClass);
}

function earliest(
  rules: readonly LifecycleRule[],
  daysOf: (rule: LifecycleRule) => number | undefined,
): RuleDays | undefined {
  let found: RuleDays | undefined;
  for (const rule of rules) {
    const days = daysOf(rule);
    if (days !== undefined && (found === undefined || days < found.days)) found = { days, rule: rule.id };
  }
  return found;
}

function everColder<T extends { days: number; storageClass: StorageClass }>(transitions: readonly T[]): T[] {
  const inOrder = [...transitions].sort(
    (one, other) => one.days - other.days || coldness(other.storageClass) - coldness(one.storageClass),
  );
  let reached = 0;
  return inOrder.filter(({ storageClass }) => {
    if (coldness(storageClass) <= reached) return false;
    reached = coldness(storageClass);
    return true;
  });
}
