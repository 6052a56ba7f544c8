import { GB, totalOf } from "../../planning/forecast/costs.ts";
import type { EgressForecast } from "../../planning/forecast/egress.ts";
import { SUPABASE_PRICES } from "../../planning/prices/supabase.ts";
import { violationSentence } from "../../planning/proof/violation.ts";
import { dateOf } from "../../planning/retention/time.ts";
import { grandTotal, type PlanReport } from "../../recovery/plan/plan.ts";
import { plainTable } from "../terminal/table.ts";
import { itemsCharged, yearlyCosts } from "./yearlyCosts.ts";

/** The plan as text: verdict, proof, forecast, costs. */
export function planLines(report: PlanReport): string[] {
  return [
    headline(report),
    ...verdict(report),
    "",
    coverageTable(report),
    "",
    `Stored at the end of ${dateOf(report.assumptions.onDay)}:`,
    holdingsTable(report),
    "",
    "Costs of all vaults in US dollars:",
    costTable(report),
    ...costLines(report),
    "",
    ...egressLines(report),
    "",
    `A recovery on ${dateOf(report.assumptions.onDay)}, with a ${report.assumptions.recovery.databaseSize} database for ${report.assumptions.recovery.hours} hours, costs:`,
    recoveryTable(report),
    "",
    priceLine(report),
  ];
}

/** Dollars as people write them. */
export function dollars(amount: number): string {
  return amount >= 0.005 || amount === 0
    ? `$${amount.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`
    : "under $0.01";
}

function headline({ scenario, history, prices }: PlanReport): string {
  const { firstDay, days, intervalHours } = scenario.schedule;
  const vaults = [scenario.primary, ...(scenario.replica ? [scenario.replica] : [])];
  const where = vaults.map(({ stack }, index) => `${stack} (${prices[index]?.name ?? "?"})`).join(" and ");
  const missed = history.runs.filter(({ tier }) => tier === undefined).length;
  return `The rules of ${where} from ${dateOf(firstDay)} to ${dateOf(firstDay + days - 1)}: ${count(history.runs.length)} runs, one every ${intervalHours} hours${missed === 0 ? "" : `, ${missed} of them missed`}.`;
}

function verdict({ proof, scenario }: PlanReport): string[] {
  const [first, ...others] = proof.violations;
  if (first === undefined) {
    const which = scenario.replica ? "on both vaults" : `on ${scenario.primary.stack}; the replica was not checked`;
    return [`✓ Every promise is kept on every day ${which}, and nothing is kept longer than it says.`];
  }
  const more =
    others.length === 0
      ? []
      : [`  Other causes, each with its first day:`, ...others.map((one) => `  - ${violationSentence(one)}`)];
  return [`✗ NOT every promise is kept. The first violation:`, `  ${violationSentence(first)}`, ...more];
}

const count = (number: number) => number.toLocaleString("en");

function coverageTable({ proof }: PlanReport): string {
  const table = plainTable(["vault", "promise", "kept on", "excused (runs failed or late)"]);
  for (const { stack, words, kept, days, excused } of proof.coverage)
    table.push([stack, words, `${count(kept)} of ${count(days)} days`, excused === 0 ? "–" : String(excused)]);
  return table.toString();
}

function holdingsTable({ holdings }: PlanReport): string {
  const table = plainTable(["vault", "tier", "class", "backups", "GB", "taken"]);
  for (const { stack, tier, storageClass, backups, bytes, oldestDay, newestDay } of holdings) {
    const taken = `${dateOf(oldestDay)} to ${dateOf(newestDay)}`;
    table.push([stack, tier, storageClass, backups, (bytes / GB).toFixed(1), taken]);
  }
  return table.toString();
}

function costTable({ costs }: PlanReport): string {
  const years = yearlyCosts(costs);
  const table = plainTable(["", ...years.map(({ year, months }) => (months === 12 ? year : `part of ${year}`))]);
  for (const item of itemsCharged(years)) table.push([item, ...years.map(({ items }) => items[item].toFixed(2))]);
  table.push(["total", ...years.map(({ total }) => total.toFixed(2))]);
  table.push(["a month", ...years.map(({ total, months }) => (months === 12 ? (total / 12).toFixed(2) : "–"))]);
  return table.toString();
}

function costLines({ costs, comparison }: PlanReport): string[] {
  const { allInStandard, cheaper } = comparison;
  const total = grandTotal(costs);
  const byVault = costs.map((vault) => `${vault.stack} ${dollars(totalOf(vault))}`).join(", ");
  const more = allInStandard.difference >= 0 ? "more" : "less";
  return [
    `Over the whole time: ${dollars(total)} (${byVault}).`,
    `With everything in STANDARD: ${dollars(allInStandard.total)}, ${dollars(Math.abs(allInStandard.difference))} ${more}.`,
    cheaper === undefined
      ? "No other legal choice of one tier's class is cheaper."
      : `The next cheaper legal choice: ${cheaper.words}: ${dollars(cheaper.total)}, ${dollars(-cheaper.difference)} less.`,
  ];
}

function egressLines({ egress, assumptions }: PlanReport): string[] {
  const { start, onDay } = egress;
  const gb = (amount: number) => amount.toLocaleString("en", { maximumFractionDigits: 1 });
  const cost = ({ gbPerRun, objectsGbPerRun, gbPerMonth, beyondGb, dollars: amount }: EgressForecast) =>
    `${gb(gbPerRun - objectsGbPerRun)} GB of rows and ${gb(objectsGbPerRun)} GB of storage objects a run, ${gb(gbPerMonth)} GB a month` +
    (beyondGb > 0 ? `, ${gb(beyondGb)} GB beyond: ${dollars(amount)} a month` : ": nothing beyond");
  return [
    `Supabase egress of ${Math.round(start.runsPerMonth)} runs a month, with ${start.includedGb} GB included for all that the organization sends:`,
    `  at the start: ${cost(start)}; within that amount at one run every ${start.includedFromHours} hours.`,
    `  on ${dateOf(assumptions.onDay)}: ${cost(onDay)}; within that amount at one run every ${onDay.includedFromHours} hours.`,
  ];
}

function recoveryTable({ recovery }: PlanReport): string {
  const table = plainTable(["from", "class", "GB", "retrieval", "requests", "transfer", "database", "total"]);
  for (const one of recovery) {
    const parts = [one.retrieval, one.requests, one.transfer, one.database, one.total].map(dollars);
    table.push([one.from, one.storageClass, one.gb.toFixed(1), ...parts]);
  }
  return table.toString();
}

function priceLine({ prices, assumptions }: PlanReport): string {
  const lists = prices.map(({ name, asOf }) => `S3 in ${name} (${asOf})`).join(", ");
  const { dumpBytes, storageBytes, growthPerYear, readPerDumpByte, readBackOverInternet } = assumptions;
  const gb = (bytes: number) => (bytes / GB).toLocaleString("en");
  return `List prices of ${lists} and Supabase (${SUPABASE_PRICES.asOf}), before tax and discounts. Assumed: ${gb(dumpBytes)} GB a backup and ${gb(storageBytes)} GB of storage objects at the start, growing by ${(growthPerYear * 100).toLocaleString("en")} % a year, ${readPerDumpByte} bytes of rows read for each one stored, read back ${readBackOverInternet ? "over the internet" : "within the region"}.`;
}
