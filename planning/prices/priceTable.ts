import { TOKYO } from "./apNortheast1.ts";
import { OSAKA } from "./apNortheast3.ts";
import type { RegionPrices } from "./regionPrices.ts";

/** Every region with known prices. To add a region, add a file and a line here. */
export const PRICE_TABLE: readonly RegionPrices[] = [TOKYO, OSAKA];

/** A region's prices, if they are known. */
export function pricesIn(region: string, table: readonly RegionPrices[] = PRICE_TABLE): RegionPrices | undefined {
  return table.find((prices) => prices.region === region);
}
