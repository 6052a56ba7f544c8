/** Supabase's list prices, in US dollars. Source: supabase.com/pricing and "Manage Compute usage". */
export const SUPABASE_PRICES = {
  asOf: "2025-06-01",
  /** An hour of a project's compute. */
  computeHour: {
    micro: 0.01344,
    small: 0.0206,
    medium: 0.0822,
    large: 0.1517,
    xl: 0.2877,
    "2xl": 0.562,
    "4xl": 1.32,
  },
  /** A GB of a project's disk for a month. */
  diskGbMonth: 0.125,
  /** Uncached egress of an organization on the Pro or Team plan: GB (10^9 bytes) included a month, and the price of each further GB. */
  egress: { includedGb: 250, gb: 0.09 },
} as const;

/** Database sizes that a recovery can scale up to. */
export type DatabaseSize = keyof typeof SUPABASE_PRICES.computeHour;
export const DATABASE_SIZES = Object.keys(SUPABASE_PRICES.computeHour) as DatabaseSize[];
