/** The shelves that the recovery guide asks for. A stack may have more of them: a tier's name is plain data. */
export type SeedTierName = "daily" | "weekly" | "monthly" | "annual";

/** How often a tier is filled: by every run, or by the first proven backup of a UTC calendar period. */
export type TierPeriod = "run" | "isoWeek" | "month" | "year";

/** Storage classes that a tier may move to. Both answer at once: nothing that a recovery needs sleeps for hours. */
export type ColderStorage = "STANDARD_IA" | "GLACIER_IR";

/** One tier of the vault, as plain data: lifecycle rules, locks, promotion and prices all read it from here. */
export interface Tier {
  readonly name: string;
  /** Where its objects lie in the vault, with the closing slash. */
  readonly prefix: string;
  /** Days after which S3's lifecycle expires an object. */
  readonly keptDays: number;
  /** Days for which the writer locks an object (S3 Object Lock); never more than `keptDays`, or expiry would be held up. */
  readonly lockDays: number;
  /** Move to a cheaper class, in days after the upload. Absent: stays in STANDARD. */
  readonly transition?: { readonly afterDays: number; readonly storageClass: ColderStorage };
  readonly period: TierPeriod;
}

/**
 * The shortest retention that the recovery guide allows ("Backup Retention": 30 days, 3 months, 1 year, 5 years), in days.
 * S3 counts days, not months, so each is the longest that the calendar can make of it: 92 days from July to September,
 * 366 with one leap day, 1827 with two. Anything less would at times be shorter than promised.
 */
const SEED_KEPT_DAYS: Readonly<Record<SeedTierName, number>> = {
  daily: 30,
  weekly: 92,
  monthly: 366,
  annual: 1827,
};

/**
 * The tiers, shortest first. One line each, from which everything follows: lifecycle rules, locks and their limits, what the
 * roles reach, promotion, policies, the plan and the audit trail's length.
 */
export const TIERS: readonly Tier[] = [
  tier("daily", "run", SEED_KEPT_DAYS.daily),
  tier("weekly", "isoWeek", SEED_KEPT_DAYS.weekly, { afterDays: 30, storageClass: "STANDARD_IA" }),
  tier("monthly", "month", SEED_KEPT_DAYS.monthly, { afterDays: 30, storageClass: "GLACIER_IR" }),
  tier("annual", "year", SEED_KEPT_DAYS.annual, { afterDays: 30, storageClass: "GLACIER_IR" }),
];

/** A tier that lies under its own name and is locked for as long as it is kept. */
function tier(name: string, period: TierPeriod, keptDays: number, transition?: Tier["transition"]): Tier {
  return { name, prefix: `${name}/`, ...keptAndLocked(keptDays), ...(transition && { transition }), period };
}

/** The names of the tiers, shortest first. */
export const TIER_NAMES: readonly string[] = TIERS.map(({ name }) => name);

/** Days that a tier must be kept at least: what the recovery guide asks for, or for a tier beyond it what the table says. */
export function leastKeptDays({ name, keptDays }: Tier): number {
  const asked: Readonly<Record<string, number>> = SEED_KEPT_DAYS;
  return asked[name] ?? keptDays;
}

/** Longer retention for some tiers, in days. */
export type TierOverrides = Readonly<Record<string, number | undefined>>;

/** One sentence for each override that keeps less than is asked for; empty when all are long enough. */
export function faultsOfOverrides(overrides: TierOverrides, tiers: readonly Tier[] = TIERS): string[] {
  return tiers.flatMap((one) => {
    const days = overrides[one.name];
    const least = leastKeptDays(one);
    return days === undefined || days >= least
      ? []
      : [`${one.name} keeps ${days} days, the recovery guide asks for at least ${least}`];
  });
}

/** The tiers with some of them kept (and locked) for longer. */
export function tiersWith(overrides: TierOverrides, tiers: readonly Tier[] = TIERS): Tier[] {
  return tiers.map((one) => {
    const days = overrides[one.name];
    return days === undefined ? one : { ...one, ...keptAndLocked(days) };
  });
}

function keptAndLocked(days: number): Pick<Tier, "keptDays" | "lockDays"> {
  return { keptDays: days, lockDays: days };
}
