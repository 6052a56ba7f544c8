/** The shelves of a vault: a backup lies on exactly one of them, the longest that it opens. */
export type TierName = "daily" | "weekly" | "monthly" | "annual";

/** How often a tier is filled: by every run, or by the first proven backup of a UTC calendar period. */
export type TierPeriod = "run" | "isoWeek" | "month" | "year";

/** Storage classes that a tier may move to. Both answer at once: nothing that a recovery needs sleeps for hours. */
export type ColderStorage = "STANDARD_IA" | "GLACIER_IR";

/** One tier of the vault, as plain data: lifecycle rules, locks, promotion and prices all read it from here. */
export interface Tier {
  readonly name: TierName;
  /** Where its objects lie in the vault, with the closing slash. */
  readonly prefix: `${TierName}/`;
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
export const SEED_KEPT_DAYS: Readonly<Record<TierName, number>> = {
  daily: 30,
  weekly: 92,
  monthly: 366,
  annual: 1827,
};

/** The tiers as the recovery guide asks for them, shortest first. */
export const TIERS: readonly Tier[] = [
  { name: "daily", prefix: "daily/", ...keptAndLocked(SEED_KEPT_DAYS.daily), period: "run" },
  {
    name: "weekly",
    prefix: "weekly/",
    ...keptAndLocked(SEED_KEPT_DAYS.weekly),
    transition: { afterDays: 30, storageClass: "STANDARD_IA" },
    period: "isoWeek",
  },
  {
    name: "monthly",
    prefix: "monthly/",
    ...keptAndLocked(SEED_KEPT_DAYS.monthly),
    transition: { afterDays: 30, storageClass: "GLACIER_IR" },
    period: "month",
  },
  {
    name: "annual",
    prefix: "annual/",
    ...keptAndLocked(SEED_KEPT_DAYS.annual),
    transition: { afterDays: 30, storageClass: "GLACIER_IR" },
    period: "year",
  },
];

/** The names of the tiers, shortest first. */
export const TIER_NAMES: readonly TierName[] = TIERS.map((tier) => tier.name);

/** The tier of that name. */
export function tierNamed(name: TierName, tiers: readonly Tier[] = TIERS): Tier {
  const found = tiers.find((tier) => tier.name === name);
  if (found === undefined) throw new Error(`there is no tier "${name}"`);
  return found;
}

/** Longer retention for some tiers, in days. */
export type TierOverrides = Readonly<Partial<Record<TierName, number | undefined>>>;

/** One sentence for each override that keeps less than the recovery guide asks for; empty when all are long enough. */
export function faultsOfOverrides(overrides: TierOverrides): string[] {
  return TIER_NAMES.flatMap((name) => {
    const days = overrides[name];
    return days === undefined || days >= SEED_KEPT_DAYS[name]
      ? []
      : [`${name} keeps ${days} days, the recovery guide asks for at least ${SEED_KEPT_DAYS[name]}`];
  });
}

/** The tiers with some of them kept (and locked) for longer. */
export function tiersWith(overrides: TierOverrides, tiers: readonly Tier[] = TIERS): Tier[] {
  return tiers.map((tier) => {
    const days = overrides[tier.name];
    return days === undefined ? tier : { ...tier, ...keptAndLocked(days) };
  });
}

function keptAndLocked(days: number): Pick<Tier, "keptDays" | "lockDays"> {
  return { keptDays: days, lockDays: days };
}
