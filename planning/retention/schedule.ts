import type { RunnerSize } from "../runnerMachine.ts";
import { DAY_MS, dayOf } from "./time.ts";

/** When backups run. */
export interface Schedule {
  /** Number of the first day, which has the first run. */
  readonly firstDay: number;
  /** Days that the simulation spans. */
  readonly days: number;
  readonly intervalHours: number;
  /** From the start of a run until its backup is proven, in milliseconds. */
  readonly runMs: number;
  /** The machine of the runs. @default small */
  readonly machine?: RunnerSize | undefined;
  /** Whether a run fails. */
  readonly isMissed: (startedAt: number) => boolean;
}

/** Hour (UTC) of a day's first run: docs/objectives.md. */
const FIRST_RUN_HOUR = 2;

/** The starts of all due runs in order, including those that fail. */
export function runsDue({ firstDay, days, intervalHours }: Schedule): number[] {
  const step = intervalHours * 3_600_000;
  const end = (firstDay + days) * DAY_MS;
  const starts: number[] = [];
  for (let start = firstDay * DAY_MS + FIRST_RUN_HOUR * 3_600_000; start < end; start += step) starts.push(start);
  return starts;
}

/** A predicate for runs that fail, by whole days or one by one. */
export function missedOn(days: ReadonlySet<number>, starts: ReadonlySet<number> = new Set()) {
  return (startedAt: number): boolean => days.has(dayOf(startedAt)) || starts.has(startedAt);
}
