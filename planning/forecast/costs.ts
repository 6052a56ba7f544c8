import { CLASS_RULES } from "../prices/classRules.ts";
import type { RegionPrices } from "../prices/regionPrices.ts";
import type { Life, Stay } from "../retention/life.ts";
import { type History, replicationOf, type Scenario, type VaultHistory } from "../retention/simulation.ts";
import { DAY_MS, NEVER } from "../retention/time.ts";
import { STORAGE_CLASSES, type StorageClass } from "../retention/vault.ts";
import { SMALL_OBJECTS, SMALL_OBJECTS_BYTES } from "../retention/workload.ts";
import { Months } from "./months.ts";

/** What S3 charges for. Storage has one item for each class. */
export const COST_ITEMS = [
  ...STORAGE_CLASSES.map((name) => `storage ${name}` as const),
  "early deletion",
  "requests",
  "moves to colder classes",
  "transfer to the other region",
  "replication time control",
  "reading back",
] as const;
export type CostItem = (typeof COST_ITEMS)[number];

/** A vault's costs by month, in US dollars. */
export interface VaultCosts {
  readonly stack: string;
  /** `2027-03`. */
  readonly months: readonly string[];
  readonly items: Readonly<Record<CostItem, readonly number[]>>;
  /** GB (2^30) stored, averaged over each month. */
  readonly storedGb: readonly number[];
}

/** Prices by the vaults' regions. */
export interface PlanPrices {
  readonly primary: RegionPrices;
  /** Ignored when there is no replica. */
  readonly replica: RegionPrices | undefined;
  /** True when the runner that reads backups back is outside AWS. A runner in the vault's region transfers for free. */
  readonly readBackOverInternet: boolean;
}

export const GB = 2 ** 30;
/** Bytes of one part of a multipart upload, as the writer sends it. */
const PART_BYTES = 8 * 1024 * 1024;

/** What both vaults cost, month by month. The first and the last month may be incomplete. */
export function costsOf(scenario: Scenario, history: History, prices: PlanPrices): VaultCosts[] {
  const months = new Months(scenario.schedule.firstDay, scenario.schedule.days);
  const primary = billStorage(history.primary, prices.primary, months);
  billWriter(history, prices, primary);
  if (history.replica === undefined || prices.replica === undefined) return [primary.costs()];
  const replica = billStorage(history.replica, prices.replica, months);
  billReplication(history.replica, scenario, prices, { primary, replica });
  return [primary.costs(), replica.costs()];
}

/** The bill while costs are added to it. */
class Bill {
  readonly items: Record<CostItem, number[]>;
  readonly storedGb: number[];
  readonly #stack: string;
  readonly months: Months;

  constructor(stack: string, months: Months) {
    this.#stack = stack;
    this.months = months;
    const empty = () => months.names.map(() => 0);
    this.items = Object.fromEntries(COST_ITEMS.map((item) => [item, empty()])) as Record<CostItem, number[]>;
    this.storedGb = empty();
  }

  /** Adds dollars to the month of an instant. Instants after the last month are ignored. */
  add(item: CostItem, instant: number, dollars: number): void {
    if (instant < (this.months.starts.at(-1) ?? 0)) addTo(this.items[item], this.months.indexOf(instant), dollars);
  }

  costs(): VaultCosts {
    return { stack: this.#stack, months: this.months.names, items: this.items, storedGb: this.storedGb };
  }
}

function billStorage(history: VaultHistory, prices: RegionPrices, months: Months): Bill {
  const bill = new Bill(history.vault.stack, months);
  for (const life of history.lives) {
    for (const stay of life.stays) billStay(life, stay, prices, bill);
    // The small objects of a backup are below S3's size limit for transitions.
    billBytes("STANDARD", SMALL_OBJECTS_BYTES, { from: life.arrivedAt, to: life.removedAt }, prices, bill);
    for (const { storageClass, from } of life.stays.slice(1))
      bill.add("moves to colder classes", from, prices.transitions[storageClass] / 1000);
  }
  return bill;
}

function billStay(life: Life, stay: Stay, prices: RegionPrices, bill: Bill): void {
  const { minimumDays, minimumBytes, addedBytes } = CLASS_RULES[stay.storageClass];
  const bytes = Math.max(life.bytes, minimumBytes) + addedBytes.own;
  billBytes(stay.storageClass, bytes, stay, prices, bill);
  if (addedBytes.standard > 0) billBytes("STANDARD", addedBytes.standard, stay, prices, bill);
  const paidUntil = stay.from + minimumDays * DAY_MS;
  if (stay.to >= paidUntil || stay.to === NEVER) return;
  // The rest of the minimum is charged when the object leaves the class.
  const monthsLeft = (paidUntil - stay.to) / (30 * DAY_MS);
  bill.add("early deletion", stay.to, (bytes / GB) * monthsLeft * prices.storage[stay.storageClass]);
}

function billBytes(
  storageClass: StorageClass,
  bytes: number,
  { from, to }: { from: number; to: number },
  prices: RegionPrices,
  bill: Bill,
): void {
  const gb = bytes / GB;
  const price = gb * prices.storage[storageClass];
  const item = bill.items[`storage ${storageClass}`];
  bill.months.share(from, to, (month, share) => {
    addTo(item, month, share * price);
    addTo(bill.storedGb, month, share * gb);
  });
}

/** Adds the writer's requests: multipart uploads, legal holds, listings and reading everything back. */
function billWriter({ primary }: History, prices: PlanPrices, bill: Bill): void {
  const { reads, writes, toInternet } = prices.primary;
  for (const { arrivedAt, bytes, storageClass } of primary.lives) {
    const objects = SMALL_OBJECTS + 1;
    const uploads = partsOf(bytes) + SMALL_OBJECTS;
    const holds = 2 * objects;
    bill.add("requests", arrivedAt, ((uploads + holds) * writes[storageClass] + objects * reads[storageClass]) / 1000);
    if (prices.readBackOverInternet) bill.add("reading back", arrivedAt, (bytes / GB) * toInternet);
  }
}

/** Adds the costs of replication: the source pays for the transfer, the target for the writes. */
function billReplication(
  replica: VaultHistory,
  { primary, tiers }: Scenario,
  { primary: prices, replica: there }: PlanPrices,
  bills: { primary: Bill; replica: Bill },
): void {
  const rules = tiers.map(({ prefix }) => replicationOf(prefix, primary, replica.vault));
  for (const { arrivedAt, bytes, tier, storageClass } of replica.lives) {
    const gb = (bytes + SMALL_OBJECTS_BYTES) / GB;
    bills.primary.add("transfer to the other region", arrivedAt, gb * prices.toOtherRegion);
    if (rules[tier]?.timeControl === true)
      bills.primary.add("replication time control", arrivedAt, gb * prices.timeControl);
    const writes = partsOf(bytes) + SMALL_OBJECTS;
    bills.replica.add("requests", arrivedAt, (writes * (there?.writes[storageClass] ?? 0)) / 1000);
  }
}

/** Requests of one upload: each part, the start and the end; a small upload is a single request. */
function partsOf(bytes: number): number {
  return bytes <= PART_BYTES ? 1 : Math.ceil(bytes / PART_BYTES) + 2;
}

function addTo(amounts: number[], index: number, amount: number): void {
  amounts[index] = (amounts[index] ?? 0) + amount;
}

/** The sum of a vault's costs in one month, or in all months. */
export function totalOf({ items }: VaultCosts, month?: number): number {
  return Object.values(items).reduce(
    (sum, amounts) => sum + (month === undefined ? amounts.reduce((all, one) => all + one, 0) : (amounts[month] ?? 0)),
    0,
  );
}
