import type { CalendarPeriod } from "../calendar.ts";
import { periodNumber } from "./periods.ts";
import { dayOf } from "./time.ts";

/**
 * Says which tier each run of a sequence opens, by the same rule as the runner's `tierForRun`, but at once: it remembers which
 * period each tier has filled last instead of looking through all backups. A run that fails is not asked about, so that it
 * fills nothing.
 *
 * @param tiers shortest first
 * @returns gives the index of the tier that a proven run opens; to be called in the order of time
 */
export function tierOpener(tiers: readonly { period: CalendarPeriod }[]): (startedAt: number) => number {
  // The period that a backup of this or a longer tier has filled last.
  const filled = tiers.map(() => Number.NEGATIVE_INFINITY);
  return (startedAt) => {
    const day = dayOf(startedAt);
    const numbers = tiers.map(({ period }) => (period === "run" ? Number.NaN : periodNumber(day, period)));
    let opened = tiers.length - 1;
    while (opened > 0 && numbers[opened] === filled[opened]) opened--;
    for (let index = 0; index <= opened; index++) filled[index] = numbers[index] ?? Number.NaN;
    return opened;
  };
}
