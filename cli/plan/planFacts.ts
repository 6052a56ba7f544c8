import { totalOf, type VaultCosts } from "../../planning/forecast/bill.ts";
import { unprovenIn } from "../../planning/proof/proof.ts";
import type { Life } from "../../planning/retention/life.ts";
import { dateOf } from "../../planning/retention/time.ts";
import type { RunnerTier } from "../../planning/retention/vault.ts";
import { grandTotal, type PlanReport } from "../../recovery/plan/plan.ts";
import { planSummary } from "./summary.ts";

/** The figures that a plan rests on, beside those of a recovery. */
const ASSUMED = [
  ...(["dumpBytes", "storageBytes", "storageObjectBytes", "growthPerYear", "readPerDumpByte"] as const),
  ...(["runMinutes", "readBackOverInternet"] as const),
];

/** The plan as data: dates as text, money in US dollars, sizes in bytes. */
export function planFacts(report: PlanReport): unknown {
  const { scenario, history, proof, assumptions, costs } = report;
  const { firstDay, days, intervalHours } = scenario.schedule;
  const unproven = unprovenIn(proof);
  return {
    kept: proof.violations.length === 0 && unproven.length === 0,
    unproven,
    from: dateOf(firstDay),
    to: dateOf(firstDay + days - 1),
    intervalHours,
    runs: history.runs.length,
    missedRuns: history.runs.filter(({ tier }) => tier === undefined).length,
    simulationMs: Math.round(report.simulationMs),
    assumptions: { ...Object.fromEntries(ASSUMED.map((key) => [key, assumptions[key]])), ...assumptions.recovery },
    vaults: [scenario.primary, ...(scenario.replica ? [scenario.replica] : [])],
    tiers: scenario.tiers,
    backupsByTier: countByTier(history.primary.lives, scenario.tiers),
    coverage: proof.coverage,
    violations: proof.violations.map((one) => ({ ...one, day: dateOf(one.day) })),
    on: dateOf(assumptions.onDay),
    holdings: report.holdings.map(({ oldestDay, newestDay, ...one }) => {
      return { ...one, oldest: dateOf(oldestDay), newest: dateOf(newestDay) };
    }),
    costs: costs.map((vault) => ({
      stack: vault.stack,
      total: totalOf(vault),
      months: vault.months.map((month, index) => ({
        month,
        total: totalOf(vault, index),
        storedGb: vault.storedGb[index],
        items: chargedIn(vault, index),
      })),
    })),
    total: grandTotal(costs),
    summary: planSummary(report),
    comparison: report.comparison,
    recovery: report.recovery,
    egress: report.egress,
    runner: report.runner,
    prices: report.prices,
  };
}

function chargedIn({ items }: VaultCosts, month: number): Record<string, number> {
  const amounts = Object.entries(items).map(([item, all]) => [item, all[month] ?? 0] as const);
  return Object.fromEntries(amounts.filter(([, amount]) => amount > 0));
}

function countByTier(lives: readonly Life[], tiers: readonly RunnerTier[]): Record<string, number> {
  return Object.fromEntries(tiers.map(({ name }, index) => [name, lives.filter(({ tier }) => tier === index).length]));
}
