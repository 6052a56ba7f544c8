import { SUPABASE_PRICES } from "../prices/supabase.ts";

/** What a schedule of backups makes leave Supabase in a month, and what that costs. GB are 10^9 bytes, as Supabase bills. */
export interface EgressForecast {
  readonly runsPerMonth: number;
  /** What one run reads: rows, which nothing compresses on their way, and every object of storage. */
  readonly gbPerRun: number;
  /** The objects of storage among it. */
  readonly objectsGbPerRun: number;
  readonly gbPerMonth: number;
  /** Included in an organization's plan, for all that its projects send, the app's own traffic too. */
  readonly includedGb: number;
  /** What the backups alone take beyond that. */
  readonly beyondGb: number;
  /** US dollars a month, if nothing else uses what is included. */
  readonly dollars: number;
  /** The shortest whole number of hours between runs with which the backups alone stay within what is included. */
  readonly includedFromHours: number;
}

const BILLED_GB = 1e9;
/** Hours of a mean month (365.25 days a year). */
const MONTH_HOURS = (365.25 * 24) / 12;

/**
 * The egress of backups at an interval.
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
  return {
    runsPerMonth,
    gbPerRun,
    objectsGbPerRun: objectBytes / BILLED_GB,
    gbPerMonth,
    includedGb,
    beyondGb,
    dollars: beyondGb * gb,
    includedFromHours: Math.max(1, Math.ceil((gbPerRun * MONTH_HOURS) / includedGb)),
  };
}
