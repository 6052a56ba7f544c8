import { BILLED_ROTATIONS, ROTATION_DAYS, SERVICE_PRICES, type SiteParts } from "../prices/services.ts";
import { SUPABASE_PRICES } from "../prices/supabase.ts";
import type { History, Scenario } from "../retention/simulation.ts";
import { DAY_MS } from "../retention/time.ts";
import { RUNNER_MACHINES } from "../runnerMachine.ts";
import { addTo, type Bill, type CostItem } from "./bill.ts";

/** Supabase bills GB of 10^9 bytes. */
const EGRESS_GB = 1e9;

/** Adds what each run costs outside of S3: its minutes, and what it reads from Supabase beyond what is included in a month. */
export function billRuns({ schedule, workload }: Scenario, { primary }: History, bill: Bill): void {
  const { includedGb, gb } = SUPABASE_PRICES.egress;
  const read = bill.months.names.map(() => 0);
  for (const { arrivedAt, bytes } of primary.lives) {
    const minutes = Math.ceil(schedule.runMs / 60_000);
    bill.add("build minutes (CodeBuild)", arrivedAt, minutes * RUNNER_MACHINES[schedule.machine ?? "small"].minute);
    addTo(read, bill.months.indexOf(arrivedAt), (bytes * (workload.readPerStoredByte ?? 1)) / EGRESS_GB);
  }
  for (const [month, gbRead] of read.entries())
    addTo(bill.items["database egress (Supabase)"], month, Math.max(0, gbRead - includedGb) * gb);
}

/** Adds what a site costs by the month. Its keys are as old as the forecast. */
export function billParts(
  { firstDay, days }: Scenario["schedule"],
  { keys, rotatedKeys, secrets }: SiteParts,
  bill: Bill,
): void {
  const until = (firstDay + days) * DAY_MS;
  const addMonthly = (item: CostItem, fromDay: number, dollars: number) =>
    bill.months.share(fromDay * DAY_MS, until, (month, share) => addTo(bill.items[item], month, share * dollars));
  addMonthly("secrets (Secrets Manager)", firstDay, secrets * SERVICE_PRICES.secretMonth);
  addMonthly("keys (KMS)", firstDay, keys * SERVICE_PRICES.kmsKeyMonth);
  for (let rotation = 1; rotation <= BILLED_ROTATIONS; rotation++)
    addMonthly("keys (KMS)", firstDay + rotation * ROTATION_DAYS, rotatedKeys * SERVICE_PRICES.kmsKeyMonth);
}
