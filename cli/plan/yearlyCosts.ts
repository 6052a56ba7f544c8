import { COST_ITEMS, type CostItem, type VaultCosts } from "../../planning/forecast/bill.ts";

/** Both vaults' costs in a calendar year, in US dollars. */
export interface YearlyCosts {
  readonly year: string;
  /** How many of its months are simulated. */
  readonly months: number;
  readonly items: Readonly<Record<CostItem, number>>;
  readonly total: number;
}

/** Sums months to years, over all vaults. */
export function yearlyCosts(costs: readonly VaultCosts[]): YearlyCosts[] {
  const years = new Map<string, { months: Set<string>; items: Record<CostItem, number> }>();
  for (const vault of costs)
    for (const [index, month] of vault.months.entries()) {
      const year = month.slice(0, 4);
      const known = years.get(year) ?? { months: new Set(), items: noCosts() };
      known.months.add(month);
      for (const item of COST_ITEMS) known.items[item] += vault.items[item][index] ?? 0;
      years.set(year, known);
    }
  return [...years].map(([year, { months, items }]) => {
    const total = Object.values(items).reduce((sum, one) => sum + one, 0);
    return { year, months: months.size, items, total };
  });
}

/** The items with a cost above zero. */
export function itemsCharged(years: readonly YearlyCosts[]): CostItem[] {
  return COST_ITEMS.filter((item) => years.some(({ items }) => items[item] > 0));
}

function noCosts(): Record<CostItem, number> {
  return Object.fromEntries(COST_ITEMS.map((item) => [item, 0])) as Record<CostItem, number>;
}
