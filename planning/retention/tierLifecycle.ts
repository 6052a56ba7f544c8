import { NEVER } from "./time.ts";
import { type LifecycleRule, STORAGE_CLASSES, type StorageClass } from "./vault.ts";

/** A number of days, and the rule that sets it. */
export interface RuleDays {
  readonly days: number;
  readonly rule: string;
}

/** The combined effect of a bucket's rules on the backups of one tier. */
export interface TierLifecycle {
  readonly expire: RuleDays | undefined;
  readonly noncurrent: RuleDays | undefined;
  /** When lone delete markers are removed: at once (0), at an age in days, or never. */
  readonly loneMarker: RuleDays | undefined;
  readonly abortUpload: RuleDays | undefined;
  /** Ordered by day, each to a colder class than the one before. */
  readonly transitions: readonly (RuleDays & { storageClass: StorageClass; largerThan: number })[];
}

/** S3 doesn't move smaller objects, unless a rule sets a size of its own. */
const LEAST_MOVED_BYTES = 128 * 1024;

/**
 * Combines the rules that apply to a tier's backups of `bytes` bytes. The earlier of two expirations applies, and the colder of two
 * transitions.
 */
export function lifecycleOf(prefix: string, bytes: number, rules: readonly LifecycleRule[]): TierLifecycle {
  const met = rules.filter(
    (rule) =>
      prefix.startsWith(rule.prefix) && bytes > (rule.largerThan ?? -1) && bytes < (rule.smallerThan ?? Infinity),
  );
  const expire = earliest(met, (rule) => rule.expireDays);
  return {
    expire,
    // A key of the vault has one version, so a rule that spares the newest noncurrent version never acts.
    noncurrent: earliest(met, (rule) => ((rule.newerNoncurrentVersions ?? 0) > 0 ? undefined : rule.noncurrentDays)),
    // An expiration in days also removes lone delete markers of that age.
    loneMarker: earliest(met, (rule) => (rule.removesLoneMarkers ? 0 : rule.expireDays)),
    abortUpload: earliest(met, (rule) => rule.abortUploadDays),
    transitions: everColder(
      met.flatMap(({ id, transitions, largerThan = LEAST_MOVED_BYTES - 1 }) =>
        transitions.map((one) => ({ ...one, rule: id, largerThan })),
      ),
    ),
  };
}

/** Position of a class between STANDARD (0) and the coldest. */
export function coldness(storageClass: StorageClass): number {
  return STORAGE_CLASSES.indexOf(storageClass);
}

function earliest(
  rules: readonly LifecycleRule[],
  daysOf: (rule: LifecycleRule) => number | undefined,
): RuleDays | undefined {
  const found = rules.map((rule) => ({ days: daysOf(rule) ?? NEVER, rule: rule.id }));
  const least = Math.min(NEVER, ...found.map(({ days }) => days));
  return found.find(({ days }) => days === least && days !== NEVER);
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
