import { GB } from "../../planning/forecast/costs.ts";
import type { VaultHistory } from "../../planning/retention/simulation.ts";
import { DAY_MS } from "../../planning/retention/time.ts";
import { STORAGE_CLASSES } from "../../planning/retention/vault.ts";

/** GB in a vault at the end of each day, by tier and by class. */
export interface StoredByDay {
  readonly byTier: readonly number[][];
  readonly byClass: readonly number[][];
}

/** Adds up the days of each backup's stays. */
export function storedByDay(
  { lives }: VaultHistory,
  span: { firstDay: number; days: number },
  tiers: number,
): StoredByDay {
  const empty = (count: number) => Array.from({ length: count }, () => new Array<number>(span.days + 1).fill(0));
  const byTier = empty(tiers);
  const byClass = empty(STORAGE_CLASSES.length);
  const index = (instant: number) => Math.min(Math.max(Math.floor(instant / DAY_MS) - span.firstDay, 0), span.days);
  for (const { tier, bytes, stays } of lives)
    for (const { storageClass, from, to } of stays)
      for (const series of [byTier[tier], byClass[STORAGE_CLASSES.indexOf(storageClass)]]) {
        if (series === undefined) continue;
        series[index(from)] = (series[index(from)] ?? 0) + bytes / GB;
        series[index(to)] = (series[index(to)] ?? 0) - bytes / GB;
      }
  return { byTier: byTier.map(runningSum), byClass: byClass.map(runningSum) };
}

function runningSum(changes: readonly number[]): number[] {
  let sum = 0;
  // The last element collects everything after the simulated days. Rounding leaves tiny remainders of removed backups.
  return changes.slice(0, -1).map((change) => Math.max(0, Math.round((sum += change) * 1e6) / 1e6));
}
