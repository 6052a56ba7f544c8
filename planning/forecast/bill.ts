import { STORAGE_CLASSES } from "../retention/vault.ts";
import type { Months } from "./months.ts";

/** What is charged for. Storage has one item for each class. */
export const COST_ITEMS = [
  ...STORAGE_CLASSES.map((name) => `storage ${name}` as const),
  "early deletion",
  "requests",
  "moves to colder classes",
  "transfer to the other region",
  "replication time control",
  "replication metrics",
  "reading back",
  "build minutes (CodeBuild)",
  "keys (KMS)",
  "audit trail (CloudTrail)",
  "secrets (Secrets Manager)",
  "database egress (Supabase)",
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

/** The bill while costs are added to it. */
export class Bill {
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

/** Adds an amount to an element of a list. */
export function addTo(amounts: number[], index: number, amount: number): void {
  amounts[index] = (amounts[index] ?? 0) + amount;
}

/** The sum of a vault's costs in one month, or in all months. */
export function totalOf({ items }: VaultCosts, month?: number): number {
  return Object.values(items).reduce(
    (sum, amounts) => sum + (month === undefined ? amounts.reduce((all, one) => all + one, 0) : (amounts[month] ?? 0)),
    0,
  );
}
