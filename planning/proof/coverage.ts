import type { Life } from "../retention/life.ts";
import { PERIOD_WORDS, periodName, periodNumber, periodsOfDays } from "../retention/periods.ts";
import type { Schedule } from "../retention/schedule.ts";
import type { Run, VaultHistory } from "../retention/simulation.ts";
import { dateOf, DAY_MS, dayOf, NEVER } from "../retention/time.ts";
import type { RunnerTier } from "../retention/vault.ts";
import { daysText, longestDays, promisesFor, type RetentionPromise } from "./promises.ts";
import type { Violation, ViolationList } from "./violation.ts";

/** How well a vault keeps a promise over all days. */
export interface Coverage {
  readonly stack: string;
  readonly tier: string;
  readonly words: string;
  /** Days that were checked. */
  readonly days: number;
  /** Days that the promise spans at its longest. Fewer checked days don't show that it is kept. */
  readonly spanDays: number;
  /** Days on which each of the last periods had a backup. */
  readonly kept: number;
  /** Periods whose runs all failed: no lifecycle rule can give them a backup. */
  readonly excused: number;
}

/** The range of days that the proof checks. */
export type ProofSpan = Pick<Schedule, "firstDay" | "days">;

/**
 * Checks each day right after lifecycle has acted and before the day's first run. Each of the last `count` periods, back from yesterday,
 * must have a backup. A backup of any tier counts for the period in which it was taken, unless it is under a delete marker. Periods before
 * the first run are not checked.
 */
export function proveCoverage(
  promise: RetentionPromise,
  history: VaultHistory,
  context: { runs: readonly Run[]; tiers: readonly RunnerTier[]; span: ProofSpan },
  violations: ViolationList,
): Coverage {
  const { firstDay, days } = context.span;
  const { stack } = history.vault;
  const { tiers } = context;
  const first = periodNumber(firstDay, promise.period);
  const periods = periodsOfDays(firstDay, days + 1, promise.period);
  const numberOf = (instant: number) => periods[dayOf(instant) - firstDay] ?? 0;

  const readable = new Int32Array((periods.at(-1) ?? 0) + 1);
  const changes = changesByDay(history.lives, context.span, numberOf);
  const withRuns = new Set(context.runs.filter(({ tier }) => tier !== undefined).map((run) => numberOf(run.startedAt)));
  const due = new Set(context.runs.map((run) => numberOf(run.startedAt)));
  const arrivals = firstArrivals(history.lives, readable.length, numberOf);
  const longestLives = longestByPeriod(history.lives, numberOf);

  let kept = 0;
  const blamed = new Set<number>();
  const excused = new Set<number>();
  for (let index = 1; index <= days; index++) {
    const day = firstDay + index;
    for (const period of changes.appearing[index] ?? []) readable[period] = (readable[period] ?? 0) + 1;
    for (const period of changes.vanishing[index] ?? []) readable[period] = (readable[period] ?? 0) - 1;
    const last = numberOf((day - 1) * DAY_MS);
    let isKept = true;
    for (let period = Math.max(0, last - promise.count + 1); period <= last; period++) {
      if ((readable[period] ?? 0) > 0) continue;
      if (due.has(period) && !withRuns.has(period)) excused.add(period);
      // Replication was paused and brings this backup late.
      else if (arrivals[period] !== NEVER && (arrivals[period] ?? 0) >= day) excused.add(period);
      else {
        isKept = false;
        blame(period, day);
      }
    }
    if (isKept) kept++;
  }
  const spanDays = longestDays(promise.keep);
  return { stack, tier: promise.tier, words: promise.words, days, spanDays, kept, excused: excused.size };

  function blame(period: number, day: number): void {
    // Days are checked in order, so each period is reported once, on its first day.
    if (blamed.has(period)) return;
    blamed.add(period);
    const name = periodName(period + first, promise.period);
    const what = `${dateOf(day)} begins without a backup of ${name}, one of the last ${promise.count} ${PERIOD_WORDS[promise.period]}s`;
    violations.add({ day, stack, kind: "coverage", what, ...causeOf(period) });
  }

  function causeOf(period: number): Pick<Violation, "tier" | "rule" | "change"> {
    const once = `once a ${PERIOD_WORDS[promise.period]}`;
    if (!due.has(period))
      return { tier: promise.tier, rule: "the schedule", change: `let backups run at least ${once}` };
    const own = tiers.findIndex(({ name }) => name === promise.tier);
    const opened = context.runs.find((run) => (run.tier ?? -1) >= own && numberOf(run.startedAt) === period)?.tier;
    const longest = longestLives.get(period);
    if (longest === undefined || (opened !== undefined && longest.tier < own)) {
      const prefix = tiers[opened ?? own]?.prefix ?? "";
      const change = `let the primary's replication rules send ${prefix} to ${stack}`;
      return { tier: promise.tier, rule: "replication", change };
    }
    const tier = tiers[longest.tier];
    if (tier === undefined || longest.tier < own)
      return { tier: promise.tier, rule: "the tier table", change: `let the tier ${promise.tier} be filled ${once}` };
    const rule = expiringRule(tier.prefix, longest, history);
    const needed = longestDays((promisesFor(tiers).find((one) => one.tier === tier.name) ?? promise).keep);
    const change = `let rule "${rule.id}" keep ${daysText(needed)} instead of ${daysText(rule.days)}`;
    return { tier: tier.name, rule: rule.id, change };
  }
}

/** The rule that expires a tier's backups, with its days. */
export function expiringRule(prefix: string, life: Life, { vault }: VaultHistory): { id: string; days: number } {
  const rules = vault.rules.filter((rule) => prefix.startsWith(rule.prefix) && rule.expireDays !== undefined);
  const [shortest] = rules.sort((one, other) => (one.expireDays ?? 0) - (other.expireDays ?? 0));
  const days = Math.floor((life.hiddenAt - life.createdAt) / DAY_MS);
  return { id: shortest?.id ?? "none", days: shortest?.expireDays ?? days };
}

/** The periods whose backups appear and vanish at the start of each day, counted from the first day's period. */
function changesByDay(lives: readonly Life[], span: ProofSpan, numberOf: (instant: number) => number) {
  const appearing: number[][] = [];
  const vanishing: number[][] = [];
  for (const life of lives) {
    const period = numberOf(life.takenAt);
    const appears = dayOf(life.arrivedAt) + 1 - span.firstDay;
    (appearing[appears] ??= []).push(period);
    if (life.hiddenAt === NEVER) continue;
    // A backup that is hidden before its first morning never counts, and the two changes cancel out.
    const vanishes = Math.max(dayOf(life.hiddenAt) - span.firstDay, appears);
    if (vanishes <= span.days) (vanishing[vanishes] ??= []).push(period);
  }
  return { appearing, vanishing };
}

/** Of each period's backups, the one of the longest tier, which should last longest. */
function longestByPeriod(lives: readonly Life[], numberOf: (instant: number) => number): Map<number, Life> {
  const longest = new Map<number, Life>();
  for (const life of lives) {
    const period = numberOf(life.takenAt);
    if (life.tier > (longest.get(period)?.tier ?? -1)) longest.set(period, life);
  }
  return longest;
}

/** For each period, the number of the day on which its first backup arrived. */
function firstArrivals(lives: readonly Life[], periods: number, numberOf: (instant: number) => number): Float64Array {
  const arrivals = new Float64Array(periods).fill(NEVER);
  for (const life of lives) {
    const period = numberOf(life.takenAt);
    arrivals[period] = Math.min(dayOf(life.arrivedAt), arrivals[period] ?? NEVER);
  }
  return arrivals;
}
