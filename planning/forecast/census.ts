import type { VaultHistory } from "../retention/simulation.ts";
import { dayOf } from "../retention/time.ts";
import type { RunnerTier, StorageClass } from "../retention/vault.ts";

/** The backups of one tier that are in one storage class at an instant. */
export interface Holding {
  readonly stack: string;
  readonly tier: string;
  readonly storageClass: StorageClass;
  readonly backups: number;
  /** How many of them are under a delete marker: still paid for, but soon removed. */
  readonly hidden: number;
  readonly bytes: number;
  /** Numbers of the days on which the oldest and the newest of these backups were taken. */
  readonly oldestDay: number;
  readonly newestDay: number;
}

/** What a vault stores at an instant, by tier and class. */
export function holdingsAt(history: VaultHistory, tiers: readonly RunnerTier[], instant: number): Holding[] {
  const found = new Map<string, Holding>();
  for (const life of history.lives) {
    const stay = life.stays.find(({ from, to }) => from <= instant && instant < to);
    if (stay === undefined) continue;
    const tier = tiers[life.tier]?.name ?? "?";
    const key = `${tier} ${stay.storageClass}`;
    const known = found.get(key);
    const day = dayOf(life.takenAt);
    found.set(key, {
      stack: history.vault.stack,
      tier,
      storageClass: stay.storageClass,
      backups: (known?.backups ?? 0) + 1,
      hidden: (known?.hidden ?? 0) + (life.hiddenAt <= instant ? 1 : 0),
      bytes: (known?.bytes ?? 0) + life.bytes,
      oldestDay: Math.min(known?.oldestDay ?? day, day),
      newestDay: Math.max(known?.newestDay ?? day, day),
    });
  }
  const order = tiers.map(({ name }) => name);
  return [...found.values()].sort((one, other) => order.indexOf(one.tier) - order.indexOf(other.tier));
}
