import type { RegionPrices } from "../prices/regionPrices.ts";
import { type DatabaseSize, SUPABASE_PRICES } from "../prices/supabase.ts";
import type { Life } from "../retention/life.ts";
import type { VaultHistory } from "../retention/simulation.ts";
import { dateOf, dayOf } from "../retention/time.ts";
import type { RunnerTier, StorageClass } from "../retention/vault.ts";
import { SMALL_OBJECTS } from "../retention/workload.ts";
import { GB } from "./costs.ts";

/** How a recovery is done. */
export interface RecoveryPlan {
  readonly databaseSize: DatabaseSize;
  /** Hours for which the recovered database stays at that size. */
  readonly hours: number;
}

/** What one recovery costs, in US dollars. */
export interface RecoveryCost {
  /** Which backup is restored, in words. */
  readonly from: string;
  readonly storageClass: StorageClass;
  readonly gb: number;
  readonly retrieval: number;
  readonly requests: number;
  readonly transfer: number;
  readonly database: number;
  readonly total: number;
}

/** Bytes of a restored database for each byte of its compressed dump, indexes included. */
const RESTORED_BYTES_PER_DUMPED = 5;

/**
 * The cost of a recovery at an instant: from the newest backup, and from the most expensive one (an old one, with retrieval fees). A
 * restore reads over the internet, because the new database is outside our AWS account.
 */
export function recoveryCosts(
  history: VaultHistory,
  tiers: readonly RunnerTier[],
  prices: RegionPrices,
  plan: RecoveryPlan,
  instant: number,
): RecoveryCost[] {
  const there = history.lives.flatMap((life) => {
    const stay = life.stays.find(({ from, to }) => from <= instant && instant < to);
    return stay === undefined ? [] : [{ life, storageClass: stay.storageClass }];
  });
  const newest = there.at(-1);
  if (newest === undefined) return [];
  const priced = there.map(({ life, storageClass }) => {
    const from = `the ${tiers[life.tier]?.name ?? "oldest"} backup of ${dateOf(dayOf(life.takenAt))}`;
    return costOf(from, storageClass, life);
  });
  const dearest = priced.reduce((one, other) => (other.total > one.total ? other : one));
  return [costOf("the newest backup", newest.storageClass, newest.life), dearest];

  function costOf(from: string, storageClass: StorageClass, { bytes, objectBytes }: Life): RecoveryCost {
    const gb = bytes / GB;
    const retrieval = gb * prices.retrieval[storageClass];
    const requests = ((SMALL_OBJECTS + bytes / objectBytes) * prices.reads[storageClass]) / 1000;
    const transfer = gb * prices.toInternet;
    const month = (30 * 24) / plan.hours;
    const database =
      plan.hours * SUPABASE_PRICES.computeHour[plan.databaseSize] +
      (gb * RESTORED_BYTES_PER_DUMPED * SUPABASE_PRICES.diskGbMonth) / month;
    const total = retrieval + requests + transfer + database;
    return { from, storageClass, gb, retrieval, requests, transfer, database, total };
  }
}
