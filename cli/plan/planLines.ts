import { type CostItem, totalOf } from "../../planning/forecast/bill.ts";
import { GB } from "../../planning/forecast/costs.ts";
import type { EgressForecast } from "../../planning/forecast/egress.ts";
import { SERVICE_PRICES } from "../../planning/prices/services.ts";
import { SUPABASE_PRICES } from "../../planning/prices/supabase.ts";
import { unprovenIn } from "../../planning/proof/proof.ts";
import { violationSentence } from "../../planning/proof/violation.ts";
import { dateOf } from "../../planning/retention/time.ts";
import { adviceOnSize, isEnough, type RunnerNeed } from "../../planning/runnerMachine.ts";
import { grandTotal, type PlanReport } from "../../recovery/plan/plan.ts";
import { plainTable } from "../terminal/table.ts";
import { dollars } from "./dollars.ts";
import { planSummary } from "./summary.ts";
import { itemsCharged, yearlyCosts } from "./yearlyCosts.ts";

/** The plan as text: verdict and summary first, then proof, forecast and costs. */
export function planLines(report: PlanReport): string[] {
  return [...summaryLines(report), "", ...figureLines(report)];
}

/** The proof and all figures. */
export function figureLines(report: PlanReport): string[] {
  const { onDay, recovery } = report.assumptions;
  return [
    coverageTable(report),
    "",
    `Stored at the end of ${dateOf(onDay)} (hidden: under a delete marker, removed within days):`,
    holdingsTable(report),
    "",
    "Costs of all vaults in US dollars:",
    costTable(report),
    ...costLines(report),
    "",
    ...egressLines(report),
    "",
    ...runnerLines(report),
    "",
    ...wrapped(
      `A recovery on ${dateOf(onDay)}, with a ${recovery.databaseSize} database for ${recovery.hours} hours, costs:`,
    ),
    recoveryTable(report),
    "",
    ...priceLines(report),
  ];
}

function summaryLines(report: PlanReport): string[] {
  const summary = planSummary(report).flatMap(({ what, answer }) => wrapped(`- ${what}: ${answer}.`));
  return [...wrapped(headline(report)), ...verdict(report), "", ...summary];
}

/** Columns of a narrow terminal, and of a page. */
const WIDTH = 96;

/** Prose in lines that a terminal shows whole; later lines are indented like the first one's text. */
function wrapped(text: string): string[] {
  const indent = " ".repeat(/^\s*(- )?/.exec(text)?.[0].length ?? 0);
  const lines: string[] = [];
  for (const word of text.trimStart().split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${last === undefined ? (/^\s*/.exec(text)?.[0] ?? "") : indent}${word}`);
  }
  return lines;
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
  const unproven = unprovenIn(proof);
  if (first === undefined && unproven.length > 0) {
    const years = Math.ceil(Math.max(...proof.coverage.map(({ spanDays }) => spanDays)) / 365.25);
    return wrapped(
      `No promise is broken on these days, but they are too few to show all of: ${unproven.join(", ")}. Pass --years ${years} or more.`,
    );
  }
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
  for (const { stack, words, kept, days, spanDays, excused } of proof.coverage) {
    const needed = days < spanDays ? `, ${count(spanDays)} needed` : "";
    table.push([stack, words, `${count(kept)} of ${count(days)} days${needed}`, excused === 0 ? "–" : String(excused)]);
  }
  return table.toString();
}

function holdingsTable({ holdings }: PlanReport): string {
  const table = plainTable(["vault", "tier", "class", "backups", "hidden", "GB", "taken"]);
  for (const { stack, tier, storageClass, backups, hidden, bytes, oldestDay, newestDay } of holdings) {
    const taken = `${dateOf(oldestDay)} to ${dateOf(newestDay)}`;
    table.push([stack, tier, storageClass, backups, hidden, (bytes / GB).toFixed(1), taken]);
  }
  return table.toString();
}

/** The first and the last whole year, and all: more columns would not fit, and --json has every month. */
function costTable({ costs }: PlanReport): string {
  const years = yearlyCosts(costs);
  const whole = years.filter(({ months }) => months === 12);
  const [first, last] = [whole[0] ?? years[0], whole.at(-1)];
  const shown = [...new Set([first, last])].flatMap((one) => one ?? []);
  const all = (item: CostItem) => years.reduce((sum, { items }) => sum + items[item], 0);
  const table = plainTable([
    "",
    ...shown.map(({ year, months }) => (months === 12 ? year : `part of ${year}`)),
    `${years[0]?.year ?? ""} to ${years.at(-1)?.year ?? ""}`,
  ]);
  for (const item of itemsCharged(years))
    table.push([item, ...shown.map(({ items }) => items[item].toFixed(2)), all(item).toFixed(2)]);
  table.push(["total", ...shown.map(({ total }) => total.toFixed(2)), grandTotal(costs).toFixed(2)]);
  return table.toString();
}

function costLines({ costs, comparison }: PlanReport): string[] {
  const { allInStandard, cheaper } = comparison;
  const total = grandTotal(costs);
  const byVault = costs.map((vault) => `${vault.stack} ${dollars(totalOf(vault))}`).join(", ");
  const more = allInStandard.difference >= 0 ? "more" : "less";
  const lines = [
    `Over the whole time: ${dollars(total)} (${byVault}).`,
    `With everything in STANDARD: ${dollars(allInStandard.total)}, ${dollars(Math.abs(allInStandard.difference))} ${more}.`,
    cheaper === undefined
      ? "No other legal choice of one tier's class is cheaper."
      : `The next cheaper legal choice: ${cheaper.words}: ${dollars(cheaper.total)}, ${dollars(-cheaper.difference)} less.`,
  ];
  return lines.flatMap(wrapped);
}

function egressLines({ egress, assumptions }: PlanReport): string[] {
  const { start, onDay } = egress;
  const gb = (amount: number) => amount.toLocaleString("en", { maximumFractionDigits: 1 });
  const cost = ({ gbPerRun, objectsGbPerRun, gbPerMonth, beyondGb, dollars: amount }: EgressForecast) =>
    `${gb(gbPerRun - objectsGbPerRun)} GB of rows and ${gb(objectsGbPerRun)} GB of storage objects a run, ${gb(gbPerMonth)} GB a month` +
    (beyondGb > 0 ? `, ${gb(beyondGb)} GB beyond: ${dollars(amount)} a month` : ": nothing beyond");
  const lines = [
    `Supabase egress of ${Math.round(start.runsPerMonth)} runs a month, with ${start.includedGb} GB (of 10^9 bytes) included for all that the organization sends:`,
    `  at the start: ${cost(start)}; within that amount at one run every ${start.includedFromHours} hours.`,
    `  on ${dateOf(assumptions.onDay)}: ${cost(onDay)}; within that amount at one run every ${onDay.includedFromHours} hours.`,
  ];
  return lines.flatMap(wrapped);
}

function runnerLines({ runner, assumptions }: PlanReport): string[] {
  const { machine, start, onDay } = runner;
  const gb = (bytes: number) => (bytes / 1e9).toLocaleString("en", { maximumFractionDigits: 1 });
  const need = ({ rowsBytes, size, minutes }: RunnerNeed) =>
    `${gb(rowsBytes)} GB of rows take ${Math.max(1, Math.round(minutes))} minutes at the measured rate, on the machine ${size} or a larger one`;
  const isSmall = machine !== undefined && !isEnough(machine, onDay.size);
  const lines = [
    `The scheduled backups run on CodeBuild's machine ${machine ?? "of another kind than the settings offer"}:`,
    `  at the start: ${need(start)}.`,
    `  on ${dateOf(assumptions.onDay)}: ${need(onDay)}.`,
    ...(isSmall ? [`  Set the machine before then: pulumi config set runnerCompute ${onDay.size} -s STACK.`] : []),
    ...adviceOnSize(onDay).map((sentence) => `  ${sentence}`),
  ];
  return lines.flatMap(wrapped);
}

function recoveryTable({ recovery }: PlanReport): string {
  const table = plainTable(["from", "class", "GB", "reading", "transfer", "database", "total"]);
  for (const one of recovery) {
    const parts = [one.retrieval + one.requests, one.transfer, one.database, one.total].map(dollars);
    table.push([one.from, one.storageClass, one.gb.toFixed(1), ...parts]);
  }
  return table.toString();
}

function priceLines({ prices, assumptions }: PlanReport): string[] {
  const lists = prices.map(({ name, asOf }) => `S3 in ${name} (${asOf})`).join(", ");
  const { dumpBytes, storageBytes, storageObjectBytes, growthPerYear, readPerDumpByte } = assumptions;
  const gb = (bytes: number) => (bytes / GB).toLocaleString("en");
  return [
    `List prices of ${lists}, AWS's other services (${SERVICE_PRICES.asOf}) and Supabase (${SUPABASE_PRICES.asOf}), before tax and discounts.`,
    `Assumed: ${gb(dumpBytes)} GB (of 2^30 bytes, as S3 bills) a backup and ${gb(storageBytes)} GB of storage objects of ${Math.round(storageObjectBytes / 1024)} KB at the start, growing by ${(growthPerYear * 100).toLocaleString("en")} % a year, ${readPerDumpByte} bytes of rows read for each one stored, read back ${assumptions.readBackOverInternet ? "over the internet" : "within the region"}.`,
  ].flatMap(wrapped);
}
