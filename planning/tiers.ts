/** How often a tier is filled, shortest first: by every run, or by the first proven backup of a UTC calendar period. */
export const TIER_PERIODS = ["run", "isoWeek", "month", "year"] as const;
export type TierPeriod = (typeof TIER_PERIODS)[number];
/** The periods of the calendar. */
export type CalendarPeriod = Exclude<TierPeriod, "run">;

/** Storage classes that a tier may move to. Both answer at once, because a recovery can't wait hours for an archive. */
export type ColderStorage = "STANDARD_IA" | "GLACIER_IR";

/** One tier of the vault, as plain data. Lifecycle rules, locks, promotion and prices all derive from it. */
export interface Tier {
  readonly name: string;
  /** Prefix of its objects in the vault, with the closing slash. */
  readonly prefix: string;
  /** Days after which S3's lifecycle expires an object. */
  readonly keptDays: number;
  /** Days for which the writer locks an object (S3 Object Lock). Never more than `keptDays`, or the lock would delay expiry. */
  readonly lockDays: number;
  /** Move to a cheaper class, in days after the upload. Absent: stays in STANDARD. */
  readonly transition?: { readonly afterDays: number; readonly storageClass: ColderStorage };
  readonly period: TierPeriod;
}

/**
 * The shortest retention that the objectives allow (30 days, 3 months, 1 year, 5 years: docs/objectives.md), in days. S3 counts days, so
 * each is the longest that the calendar allows: 92 from July to September, 366 with one leap day, 1827 with two. A shorter value would
 * sometimes break the promise. The objectives speak of periods, so a tier's name changes nothing.
 */
const REQUIRED_KEPT_DAYS: Readonly<Record<TierPeriod, number>> = { run: 30, isoWeek: 92, month: 366, year: 1827 };

/**
 * The tiers, shortest first. Everything else derives from these lines: lifecycle rules, locks, the roles' access, promotion, policies, the
 * plan and the audit trail's retention.
 */
export const TIERS: readonly Tier[] = [
  tier("daily", "run", REQUIRED_KEPT_DAYS.run),
  tier("weekly", "isoWeek", REQUIRED_KEPT_DAYS.isoWeek, { afterDays: 30, storageClass: "STANDARD_IA" }),
  tier("monthly", "month", REQUIRED_KEPT_DAYS.month, { afterDays: 30, storageClass: "GLACIER_IR" }),
  tier("annual", "year", REQUIRED_KEPT_DAYS.year, { afterDays: 30, storageClass: "GLACIER_IR" }),
];

/** A tier whose prefix is its own name and whose lock lasts as long as it is kept. */
function tier(name: string, period: TierPeriod, keptDays: number, transition?: Tier["transition"]): Tier {
  return { name, prefix: `${name}/`, ...keptAndLocked(keptDays), ...(transition && { transition }), period };
}

/** The names of the tiers, shortest first. */
export const TIER_NAMES: readonly string[] = TIERS.map(({ name }) => name);

/** The fewest days that a tier must be kept: the objectives' for its period, and the table's own if the objectives don't know its name. */
export function leastKeptDays({ name, period, keptDays }: Omit<Tier, "transition">): number {
  const asked = REQUIRED_KEPT_DAYS[period];
  return REQUIRED_TIERS.has(name) ? asked : Math.max(asked, keptDays);
}

const REQUIRED_TIERS: ReadonlySet<string> = new Set(["daily", "weekly", "monthly", "annual"]);

/** Longer retention for some tiers, in days. */
export type TierOverrides = Readonly<Record<string, number | undefined>>;

/** One sentence for each override that is too short; empty when all are long enough. */
export function faultsOfOverrides(overrides: TierOverrides, tiers: readonly Tier[] = TIERS): string[] {
  return tiers.flatMap((one) => {
    const days = overrides[one.name];
    const least = leastKeptDays(one);
    return days === undefined || days >= least
      ? []
      : [`${one.name} keeps ${days} days, but docs/objectives.md requires at least ${least}`];
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
