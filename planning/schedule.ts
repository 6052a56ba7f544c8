import { longestIntervalHours, RECOVERY_POINT_OBJECTIVES } from "./objectives.ts";

const MINUTE_MS = 60_000;

/** Minutes after which a run is stopped. The worst-case loss assumes that a run takes this long. */
export const RUN_LIMIT_MINUTES = 120;

/** The longest interval, in whole hours, that keeps the objective for lost data when a run takes as long as it may. */
export const LONGEST_INTERVAL_HOURS = longestIntervalHours(
  RECOVERY_POINT_OBJECTIVES.database,
  RUN_LIMIT_MINUTES * MINUTE_MS,
);

/** An interval as EventBridge Scheduler writes it. */
export function rateExpression(hours: number): string {
  return hours === 1 ? "rate(1 hour)" : `rate(${hours} hours)`;
}

/** Hours between two runs of a rate expression; undefined for any other expression. */
export function hoursOfRate(expression: string): number | undefined {
  const match = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (match === null) return undefined;
  const hours = { minute: 1 / 60, hour: 1, day: 24 }[match[2] as "minute" | "hour" | "day"];
  return Number(match[1]) * hours;
}
