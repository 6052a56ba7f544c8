import { SUPABASE_PRICES } from "../prices/supabase.ts";

/** The monthly egress from Supabase that a backup schedule causes, and its cost. GB are 10^9 bytes, as Supabase bills. */
export interface EgressForecast {
  readonly runsPerMonth: number;
  /** What one run reads: uncompressed rows and every storage object. */
  readonly gbPerRun: number;
  /** The storage objects' part of `gbPerRun`. */
  readonly objectsGbPerRun: number;
  readonly gbPerMonth: number;
  /** Included in the organization's plan, shared by all of its projects and the app's own traffic. */
  readonly includedGb: number;
  /** What only the backups use beyond that. */
  readonly beyondGb: number;
  /** US dollars a month, if nothing else uses the included egress. */
  readonly dollars: number;
  /** The shortest interval, in whole hours, at which only the backups stay within the included egress. */
  readonly includedFromHours: number;
}

const BILLED_GB = 1e9;
/** Hours of a mean month (365.25 days a year). */
const MONTH_HOURS = (365.25 * 24) / 12;

/**
 * The egress of backups that run every `intervalHours` hours.
 *
 * @param rowBytes bytes of rows that one run reads
 * @param objectBytes bytes of storage objects that one run reads
 */
export function egressForecast(intervalHours: number, rowBytes: number, objectBytes: number): EgressForecast {
  const { includedGb, gb } = SUPABASE_PRICES.egress;
  const runsPerMonth = MONTH_HOURS / intervalHours;
  const gbPerRun = (rowBytes + objectBytes) / BILLED_GB;
  const gbPerMonth = gbPerRun * runsPerMonth;
  const beyondGb = Math.max(0, gbPerMonth - includedGb);
  const includedFromHours = Math.max(1, Math.ceil((gbPerRun * MONTH_HOURS) / includedGb));
  return {
    runsPerMonth,
    gbPerRun,
    objectsGbPerRun: objectBytes / BILLED_GB,
    gbPerMonth,
    includedGb,
    beyondGb,
    dollars: beyondGb * gb,
    includedFromHours,
  };
}
