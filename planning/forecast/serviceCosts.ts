import { SERVICE_PRICES } from "../prices/services.ts";
import { SUPABASE_PRICES } from "../prices/supabase.ts";
import type { History, Scenario } from "../retention/simulation.ts";
import { DAY_MS } from "../retention/time.ts";
import { addTo, type Bill } from "./bill.ts";

/** Supabase bills GB of 10^9 bytes. */
const EGRESS_GB = 1e9;

/** Adds what each run costs outside of S3: its minutes, and what it reads from Supabase beyond what is included in a month. */
export function billRuns({ schedule, workload }: Scenario, { primary }: History, bill: Bill): void {
  const { includedGb, gb } = SUPABASE_PRICES.egress;
  const read = bill.months.names.map(() => 0);
  for (const { arrivedAt, bytes } of primary.lives) {
    const minutes = Math.ceil(schedule.runMs / 60_000);
    bill.add("build minutes (CodeBuild)", arrivedAt, minutes * SERVICE_PRICES.buildMinute);
    addTo(read, bill.months.indexOf(arrivedAt), (bytes * (workload.readPerStoredByte ?? 1)) / EGRESS_GB);
  }
  for (const [month, gbRead] of read.entries())
    addTo(bill.items["database egress (Supabase)"], month, Math.max(0, gbRead - includedGb) * gb);
}

/** Adds what a site costs by the month. */
export function billParts(
  { firstDay, days }: Scenario["schedule"],
  { keys, secrets }: { keys: number; secrets: number },
  bill: Bill,
): void {
  bill.months.share(firstDay * DAY_MS, (firstDay + days) * DAY_MS, (month, share) => {
    addTo(bill.items["keys (KMS)"], month, share * keys * SERVICE_PRICES.kmsKeyMonth);
    addTo(bill.items["secrets (Secrets Manager)"], month, share * secrets * SERVICE_PRICES.secretMonth);
  });
}
