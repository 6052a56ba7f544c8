import { COST_ITEMS, totalOf } from "../../planning/forecast/costs.ts";
import type { VaultHistory } from "../../planning/retention/simulation.ts";
import { dateOf, DAY_MS } from "../../planning/retention/time.ts";
import { STORAGE_CLASSES } from "../../planning/retention/vault.ts";
import { grandTotal, type PlanReport } from "../../recovery/plan/plan.ts";
import type { MadeBy } from "../../planning/madeBy.ts";
import { escaped, page, table } from "../html/page.ts";
import { type Layer, stackedAreas } from "./areaChart.ts";
import { backupCalendar } from "./backupCalendar.ts";
import { dollars, planLines } from "./planLines.ts";
import { storedByDay } from "./storedByDay.ts";

const TIER_COLOURS = ["#3b6fb6", "#2a9d8f", "#c96f2b", "#8d3b72", "#6c757d"];
const CLASS_COLOURS = ["#3b6fb6", "#7fb069", "#e6aa3c", "#b0a8b9", "#6c757d"];
const ITEM_COLOURS = [...CLASS_COLOURS, "#a4201c", "#8d3b72", "#c9b03b", "#c96f2b", "#2a9d8f", "#55798f"];

/** The plan as one HTML page that needs no network: verdict, backups, storage and costs over time, all figures. */
export function planPage(report: PlanReport, madeBy: MadeBy): string {
  const { proof, history, scenario, assumptions } = report;
  const ok = proof.violations.length === 0;
  const { firstDay, days } = scenario.schedule;
  const vaults = [history.primary, ...(history.replica ? [history.replica] : [])];
  const names = scenario.tiers.map(({ name }) => name);
  const places = vaults.map(({ vault }) => `${vault.stack} (${vault.region})`).join(" and ");
  return page({
    about: `Retention plan · ${dateOf(firstDay)} to ${dateOf(firstDay + days - 1)}`,
    headline: ok ? "Every promise is kept on every day" : "NOT every promise is kept",
    ok,
    summary: `${places}; ${history.runs.length.toLocaleString("en")} runs; ${dollars(grandTotal(report.costs))} in all`,
    madeBy,
    sections: [
      ...vaults.map((vault): [string, string] => [
        `What exists in ${vault.vault.stack} at the end of ${dateOf(assumptions.onDay)}`,
        key(names, TIER_COLOURS) + wide(backupCalendar(vault, assumptions.onDay, TIER_COLOURS)),
      ]),
      ...vaults.flatMap((vault) => storageSections(vault, report, names)),
      ["Costs a month, all vaults, in US dollars", costChart(report)],
      ["All figures", `<pre>${escaped(planLines(report).join("\n"))}</pre>`],
      ["What was not tested", table(["Part", "Here", "So not tested"], NOT_TESTED)],
    ],
  });
}

/** What a simulation leaves open. */
const NOT_TESTED = [
  [
    "S3",
    "its documented rules of lifecycle, locks and replication",
    "that S3 deletes, moves and replicates as documented",
  ],
  ["prices", "dated tables in planning/prices", "today's price list, discounts, taxes"],
  ["the workload", "the sizes and the growth that were given", "what the runs really store"],
] as const;

/** Keeps a picture legible on a narrow screen, where it can be moved sideways. */
function wide(picture: string): string {
  return `<div class="wide">${picture}</div>`;
}

function storageSections(
  vault: VaultHistory,
  { scenario }: PlanReport,
  names: readonly string[],
): [heading: string, content: string][] {
  const stored = storedByDay(vault, scenario.schedule, names.length);
  const ticks = yearTicks(scenario.schedule.firstDay, scenario.schedule.days);
  const byTier = layers(names, TIER_COLOURS, stored.byTier);
  const byClass = layers(STORAGE_CLASSES, CLASS_COLOURS, stored.byClass);
  const { stack } = vault.vault;
  return [
    [`Stored in ${stack} by tier, in GB`, keyOf(byTier) + wide(stackedAreas(byTier, ticks, "GB"))],
    [`Stored in ${stack} by storage class, in GB`, keyOf(byClass) + wide(stackedAreas(byClass, ticks, "GB"))],
  ];
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
  return `<p>At most ${dollars(Math.max(...totals))} a month.</p>${keyOf(shown)}${wide(stackedAreas(shown, ticks, "$"))}`;
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
  return `<p class="key">${names.map((name, index) => `<span><i style="background:${colours[index % colours.length] ?? "#000"}"></i>${escaped(name)}</span>`).join("")}</p>`;
}
