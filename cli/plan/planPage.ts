import { COST_ITEMS, totalOf } from "../../planning/forecast/bill.ts";
import { unprovenIn } from "../../planning/proof/proof.ts";
import { violationSentence } from "../../planning/proof/violation.ts";
import type { VaultHistory } from "../../planning/retention/simulation.ts";
import { dateOf, DAY_MS } from "../../planning/retention/time.ts";
import { STORAGE_CLASSES } from "../../planning/retention/vault.ts";
import { grandTotal, type PlanReport } from "../../recovery/plan/plan.ts";
import { type Layer, stackedAreas, text } from "./areaChart.ts";
import { backupCalendar } from "./backupCalendar.ts";
import { dollars } from "./dollars.ts";
import { figureLines } from "./planLines.ts";
import { storedByDay } from "./storedByDay.ts";
import { planSummary } from "./summary.ts";

const TIER_COLOURS = ["#3b6fb6", "#2a9d8f", "#c96f2b", "#8d3b72", "#6c757d"];
const CLASS_COLOURS = ["#3b6fb6", "#7fb069", "#e6aa3c", "#b0a8b9", "#6c757d"];
const ITEM_COLOURS = [
  ...CLASS_COLOURS,
  "#a4201c",
  "#8d3b72",
  "#c9b03b",
  "#c96f2b",
  "#2a9d8f",
  "#55798f",
  "#d98c8c",
  "#7a6f9b",
  "#9aa86b",
  "#4f5d75",
  "#c7a27c",
  "#3f7d58",
];

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1b1f24}main{max-width:1100px;margin:auto;padding:24px}
header{padding:20px 24px;border-radius:10px;color:#fff}header.ok{background:#12683f}header.bad{background:#a4201c}header.open{background:#55606b}dt{font-weight:600;margin-top:.5em}dd{margin:0}h1{margin:.2em 0;font-size:26px}
header p{margin:0;opacity:.9}section{background:#fff;border-radius:10px;padding:8px 24px 20px;margin-top:16px;overflow-x:auto}h2{font-size:17px}
svg{width:100%;height:auto}.key span{display:inline-block;margin-right:16px}.key i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:5px}
pre{font:12px/1.35 ui-monospace,monospace;overflow-x:auto}`;

/** The plan as one HTML page that needs no network: verdict, backups, storage and costs over time, all figures. */
export function planPage(report: PlanReport): string {
  const { proof, history, scenario, assumptions } = report;
  const unproven = unprovenIn(proof);
  const ok = proof.violations.length === 0;
  const verdict = !ok
    ? "NOT every promise is kept"
    : unproven.length === 0
      ? "Every promise is kept on every day"
      : `No promise is broken, but too few years for: ${unproven.join(", ")}`;
  const { firstDay, days } = scenario.schedule;
  const vaults = [history.primary, ...(history.replica ? [history.replica] : [])];
  const names = scenario.tiers.map(({ name }) => name);
  // A replica under the same rules looks the same.
  const [first] = vaults;
  const isAlike = vaults.every(({ vault }) => JSON.stringify(vault.rules) === JSON.stringify(first?.vault.rules));
  const pictured = isAlike ? vaults.slice(0, 1) : vaults;
  const named = ({ vault }: VaultHistory) =>
    text(isAlike ? vaults.map((one) => one.vault.stack).join(", and alike in ") : vault.stack);
  const figures = [...proof.violations.map(violationSentence), ...figureLines(report)];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Retention plan – ${text(verdict)}</title><style>${STYLE}</style></head>
<body><main>
<header class="${ok ? (unproven.length === 0 ? "ok" : "open") : "bad"}"><p>Retention plan · ${dateOf(firstDay)} to ${dateOf(firstDay + days - 1)}</p>
<h1>${text(verdict)}</h1>
<p>${text(vaults.map(({ vault }) => `${vault.stack} (${vault.region})`).join(" and "))}; ${history.runs.length.toLocaleString("en")} runs; ${dollars(grandTotal(report.costs))} in all</p></header>
<section><h2>For a manager</h2><dl>${planSummary(report)
    .map(({ what, answer }) => `<dt>${text(what)}</dt><dd>${text(answer)}</dd>`)
    .join("")}</dl></section>
${pictured.map((vault) => `<section><h2>What exists in ${named(vault)} at the end of ${dateOf(assumptions.onDay)}</h2>${key(names, TIER_COLOURS)}${backupCalendar(vault, assumptions.onDay, TIER_COLOURS)}</section>`).join("\n")}
${pictured.map((vault) => storageSections(vault, named(vault), report, names)).join("\n")}
<section><h2>Costs a month, all vaults, in US dollars</h2>${costChart(report)}</section>
<section><h2>All figures</h2><pre>${text(figures.join("\n"))}</pre></section>
</main></body></html>
`;
}

function storageSections(
  vault: VaultHistory,
  stack: string,
  { scenario }: PlanReport,
  names: readonly string[],
): string {
  const stored = storedByDay(vault, scenario.schedule, names.length);
  const ticks = yearTicks(scenario.schedule.firstDay, scenario.schedule.days);
  const byTier = layers(names, TIER_COLOURS, stored.byTier);
  const byClass = layers(STORAGE_CLASSES, CLASS_COLOURS, stored.byClass);
  return `<section><h2>Stored in ${stack} by tier, in GB</h2>${keyOf(byTier)}${stackedAreas(byTier, ticks, "GB")}
<h2>Stored in ${stack} by storage class, in GB</h2>${keyOf(byClass)}${stackedAreas(byClass, ticks, "GB")}</section>`;
}

function costChart({ costs }: PlanReport): string {
  const [first] = costs;
  if (first === undefined) return "";
  const amounts = COST_ITEMS.map((item) =>
    first.months.map((_, month) => costs.reduce((sum, vault) => sum + (vault.items[item][month] ?? 0), 0)),
  );
  const shown = layers(COST_ITEMS, ITEM_COLOURS, amounts);
  const ticks = first.months.flatMap((month, index) =>
    month.endsWith("-01") ? [{ at: index, name: month.slice(0, 4) }] : [],
  );
  const totals = first.months.map((_, month) => costs.reduce((sum, vault) => sum + totalOf(vault, month), 0));
  return `<p>At most ${dollars(Math.max(...totals))} a month.</p>${keyOf(shown)}${stackedAreas(shown, ticks, "$")}`;
}

/** The layers with any value above zero. */
function layers(names: readonly string[], colours: readonly string[], values: readonly (readonly number[])[]): Layer[] {
  return names
    .map((name, index) => ({ name, colour: colours[index % colours.length] ?? "#000", values: values[index] ?? [] }))
    .filter((layer) => layer.values.some((value) => value > 0));
}

function yearTicks(firstDay: number, days: number): { at: number; name: string }[] {
  const year = new Date(firstDay * DAY_MS).getUTCFullYear();
  const ticks: { at: number; name: string }[] = [];
  for (let next = year + 1; ; next++) {
    const at = Date.UTC(next, 0) / DAY_MS - firstDay;
    if (at >= days) return ticks;
    ticks.push({ at, name: String(next) });
  }
}

function keyOf(shown: readonly Layer[]): string {
  return key(
    shown.map(({ name }) => name),
    shown.map(({ colour }) => colour),
  );
}

function key(names: readonly string[], colours: readonly string[]): string {
  return `<p class="key">${names.map((name, index) => `<span><i style="background:${colours[index % colours.length] ?? "#000"}"></i>${text(name)}</span>`).join("")}</p>`;
}
