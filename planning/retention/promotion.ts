import type { Tier } from "../tiers.ts";
import { periodNumber } from "./periods.ts";
import { dayOf } from "./time.ts";

/**
 * Decides which tier each run of a sequence opens, by the same rule as the runner's `tierForRun` but in constant time. It remembers each
 * tier's last filled period instead of searching all backups. Don't call it for a failed run, which fills nothing.
 *
 * @param tiers shortest first
 * @returns a function that returns the index of the tier that a proven run opens. Call it in order of time
 */
export function tierOpener(tiers: readonly Pick<Tier, "period">[]): (startedAt: number) => number {
  // The last period that a backup of this or a longer tier has filled.
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
