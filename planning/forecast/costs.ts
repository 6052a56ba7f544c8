import { CLASS_RULES } from "../prices/classRules.ts";
import type { RegionPrices } from "../prices/regionPrices.ts";
import { METRICS_PER_RULE, SERVICE_PRICES, SITE_PARTS } from "../prices/services.ts";
import type { Life, Stay } from "../retention/life.ts";
import { type History, replicationOf, type Scenario, type VaultHistory } from "../retention/simulation.ts";
import { DAY_MS, NEVER } from "../retention/time.ts";
import type { StorageClass } from "../retention/vault.ts";
import { SMALL_OBJECTS, SMALL_OBJECTS_BYTES } from "../retention/workload.ts";
import { addTo, Bill, totalOf, type VaultCosts } from "./bill.ts";
import { Months } from "./months.ts";
import { billParts, billRuns } from "./serviceCosts.ts";

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

/**
 * What both sites' backups cost, month by month: storage, requests and transfer of S3, and the services that take, encrypt and watch them.
 * The first and the last month may be incomplete.
 */
export function costsOf(scenario: Scenario, history: History, prices: PlanPrices): VaultCosts[] {
  const months = new Months(scenario.schedule.firstDay, scenario.schedule.days);
  const primary = billStorage(history.primary, prices.primary, months);
  billWriter(history, prices, primary);
  billRuns(scenario, history, primary);
  billParts(scenario.schedule, SITE_PARTS.primary, primary);
  if (history.replica === undefined || prices.replica === undefined) return [primary.costs()];
  const replica = billStorage(history.replica, prices.replica, months);
  billReplication(history.replica, scenario, prices, { primary, replica });
  billParts(scenario.schedule, SITE_PARTS.standby, replica);
  return [primary.costs(), replica.costs()];
}

function billStorage(history: VaultHistory, prices: RegionPrices, months: Months): Bill {
  const bill = new Bill(history.vault.stack, months);
  for (const life of history.lives) billLife(life, prices, bill);
  return bill;
}

/** Dollars that the storage of some backups costs, and their moves to colder classes. */
export function storageCost(lives: readonly Life[], prices: RegionPrices, months: Months): number {
  const bill = new Bill("", months);
  for (const life of lives) billLife(life, prices, bill);
  return totalOf(bill.costs());
}

function billLife(life: Life, prices: RegionPrices, bill: Bill): void {
  for (const stay of life.stays) billStay(life, stay, prices, bill);
  // The small objects of a backup are below S3's size limit for transitions.
  billBytes("STANDARD", SMALL_OBJECTS_BYTES, { from: life.arrivedAt, to: life.removedAt }, prices, bill);
  for (const { storageClass, from } of life.stays.slice(1))
    bill.add("moves to colder classes", from, (largeObjectsOf(life) * prices.transitions[storageClass]) / 1000);
}

function billStay(life: Life, stay: Stay, prices: RegionPrices, bill: Bill): void {
  const { minimumDays, minimumBytes, addedBytes } = CLASS_RULES[stay.storageClass];
  const objects = largeObjectsOf(life);
  const bytes = objects * (Math.max(life.objectBytes, minimumBytes) + addedBytes.own);
  billBytes(stay.storageClass, bytes, stay, prices, bill);
  if (addedBytes.standard > 0) billBytes("STANDARD", objects * addedBytes.standard, stay, prices, bill);
  const paidUntil = stay.from + minimumDays * DAY_MS;
  if (stay.to >= paidUntil || stay.to === NEVER) return;
  // The rest of the minimum is charged when the object leaves the class.
  const monthsLeft = (paidUntil - stay.to) / (30 * DAY_MS);
  bill.add("early deletion", stay.to, (bytes / GB) * monthsLeft * prices.storage[stay.storageClass]);
}

/** Chunks of rows and storage objects of a backup, on average. */
function largeObjectsOf({ bytes, objectBytes }: Life): number {
  return bytes / objectBytes;
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

/**
 * Adds the writer's requests: every object is put with its lock, held, read back and, a run later, released; all versions of the vault are
 * listed, and each backup's manifest, signature and proof are read.
 */
function billWriter({ primary }: History, prices: PlanPrices, bill: Bill): void {
  const { reads, writes, toInternet } = prices.primary;
  const gone = primary.lives
    .map((life) => ({ at: life.removedAt, objects: objectsOf(life) }))
    .sort((one, other) => one.at - other.at);
  let [stored, backups, next] = [0, 0, 0];
  for (const life of primary.lives) {
    const { arrivedAt, bytes, storageClass } = life;
    for (let one = gone[next]; one !== undefined && one.at <= arrivedAt; one = gone[++next]) {
      stored -= one.objects;
      backups--;
    }
    const objects = objectsOf(life);
    stored += objects;
    backups++;
    const writing = uploadsOf(life) + HOLD_CHANGES * objects + Math.ceil(stored / LISTED_AT_ONCE);
    const reading = objects + READ_OF_EACH * backups;
    bill.add("requests", arrivedAt, (writing * writes[storageClass] + reading * reads[storageClass]) / 1000);
    bill.add("audit trail (CloudTrail)", arrivedAt, ((writing + reading) * SERVICE_PRICES.trailEvents) / 100_000);
    if (prices.readBackOverInternet) bill.add("reading back", arrivedAt, (bytes / GB) * toInternet);
  }
}

/** A hold is set on each object, and released a run later. */
const HOLD_CHANGES = 2;
/** Versions in an answer of S3. */
const LISTED_AT_ONCE = 1000;
/** Manifest, signature, proof, and whether the manifest is held. */
const READ_OF_EACH = 4;
/** Adds the costs of replication: the source pays for the transfer, the target for the writes. */
function billReplication(
  replica: VaultHistory,
  { primary, tiers, schedule }: Scenario,
  { primary: prices, replica: there }: PlanPrices,
  bills: { primary: Bill; replica: Bill },
): void {
  const rules = tiers.map(({ prefix }) => replicationOf(prefix, primary, replica.vault));
  for (const life of replica.lives) {
    const { arrivedAt, bytes, tier, storageClass } = life;
    const gb = (bytes + SMALL_OBJECTS_BYTES) / GB;
    bills.primary.add("transfer to the other region", arrivedAt, gb * prices.toOtherRegion);
    if (rules[tier]?.timeControl === true)
      bills.primary.add("replication time control", arrivedAt, gb * prices.timeControl);
    const writing = uploadsOf(life);
    bills.replica.add("requests", arrivedAt, (writing * (there?.writes[storageClass] ?? 0)) / 1000);
    bills.replica.add("audit trail (CloudTrail)", arrivedAt, (writing * SERVICE_PRICES.trailEvents) / 100_000);
  }
  const watched = primary.replications.filter(({ timeControl }) => timeControl).length * METRICS_PER_RULE;
  bills.primary.months.share(
    schedule.firstDay * DAY_MS,
    (schedule.firstDay + schedule.days) * DAY_MS,
    (month, share) => {
      addTo(bills.primary.items["replication metrics"], month, share * watched * SERVICE_PRICES.metricMonth);
    },
  );
}

function objectsOf(life: Life): number {
  return Math.ceil(largeObjectsOf(life)) + SMALL_OBJECTS;
}

/** Requests that store a backup: one for each small object; parts, start and end for a larger one. */
function uploadsOf(life: Life): number {
  const { objectBytes } = life;
  const each = objectBytes <= PART_BYTES ? 1 : Math.ceil(objectBytes / PART_BYTES) + 2;
  return Math.ceil(largeObjectsOf(life)) * each + SMALL_OBJECTS;
}
