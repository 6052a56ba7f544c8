import { COUNTED_PERIODS, periodName, periodNumber } from "../../planning/retention/periods.ts";
import { tierOpener } from "../../planning/retention/promotion.ts";
import { runsDue, type Schedule } from "../../planning/retention/schedule.ts";
import { dateOf, DAY_MS, dayOf } from "../../planning/retention/time.ts";
import type { RunnerTier } from "../../planning/retention/vault.ts";

/** A run that opens a tier. */
export interface CalendarEntry {
  /** `2027-03-01T02:00Z`. */
  readonly run: string;
  readonly tier: string;
  /** Period that it opens: `2027-03`. */
  readonly period: string;
  /** Days since the period's first due run, if that one failed. */
  readonly lateDays: number;
}

/** The calendar of a schedule. */
export interface PlanCalendar {
  /** Runs that open a longer tier than the shortest, in order. */
  readonly entries: readonly CalendarEntry[];
  /** Periods that no run could open, because all of their runs failed. */
  readonly unopened: readonly string[];
  readonly runs: number;
  readonly missed: number;
}

/**
 * Which run opens which tier when some runs fail. A missed run moves the promotion to the next run that succeeds. Runs before the first
 * day, from the start of its year, count but are not shown.
 */
export function planCalendar(tiers: readonly RunnerTier[], shown: Omit<Schedule, "runMs">): PlanCalendar {
  const due = runsFromNewYear(shown);
  const firstDue = new Map<string, number>();
  for (const run of due) for (const period of COUNTED_PERIODS) setOnce(firstDue, nameOf(run, period), run);

  const opens = tierOpener(tiers);
  const entries: CalendarEntry[] = [];
  const withRun = new Set<string>();
  for (const run of due.filter((one) => !shown.isMissed(one))) {
    for (const period of COUNTED_PERIODS) withRun.add(nameOf(run, period));
    const tier = tiers[opens(run)];
    if (tier === undefined || tier.period === "run" || dayOf(run) < shown.firstDay) continue;
    const period = nameOf(run, tier.period);
    const lateDays = dayOf(run) - dayOf(firstDue.get(period) ?? run);
    entries.push({ run: `${new Date(run).toISOString().slice(0, 16)}Z`, tier: tier.name, period, lateDays });
  }
  const inSight = due.filter((run) => dayOf(run) >= shown.firstDay);
  return {
    entries,
    unopened: [...firstDue.keys()].filter((period) => !withRun.has(period)),
    runs: inSight.length,
    missed: inSight.filter((run) => shown.isMissed(run)).length,
  };
}

function runsFromNewYear(shown: Omit<Schedule, "runMs">): number[] {
  const newYear = dayOf(Date.UTC(new Date(shown.firstDay * DAY_MS).getUTCFullYear(), 0, 1));
  return runsDue({ ...shown, firstDay: newYear, days: shown.days + shown.firstDay - newYear, runMs: 0 });
}

function nameOf(run: number, period: (typeof COUNTED_PERIODS)[number]): string {
  return period === "day" ? dateOf(dayOf(run)) : periodName(periodNumber(dayOf(run), period), period);
}

function setOnce(map: Map<string, number>, key: string, value: number): void {
  if (!map.has(key)) map.set(key, value);
}
