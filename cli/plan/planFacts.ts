import { totalOf } from "../../planning/forecast/costs.ts";
import type { Life } from "../../planning/retention/life.ts";
import { dateOf } from "../../planning/retention/time.ts";
import { grandTotal, type PlanReport } from "../../recovery/plan/plan.ts";

/** The plan as data: dates as text, money in US dollars, sizes in bytes. */
export function planFacts(report: PlanReport): unknown {
  const { scenario, history, proof, assumptions, costs } = report;
  const { firstDay, days, intervalHours } = scenario.schedule;
  return {
    kept: proof.violations.length === 0,
    from: dateOf(firstDay),
    to: dateOf(firstDay + days - 1),
    intervalHours,
    runs: history.runs.length,
    missedRuns: history.runs.filter(({ tier }) => tier === undefined).length,
    simulationMs: Math.round(report.simulationMs),
    assumptions: {
      dumpBytes: assumptions.dumpBytes,
      storageBytes: assumptions.storageBytes,
      growthPerYear: assumptions.growthPerYear,
      readPerDumpByte: assumptions.readPerDumpByte,
      runMinutes: assumptions.runMinutes,
      readBackOverInternet: assumptions.readBackOverInternet,
      ...assumptions.recovery,
    },
    vaults: [scenario.primary, ...(scenario.replica ? [scenario.replica] : [])],
    tiers: scenario.tiers,
    backupsByTier: countByTier(
      history.primary.lives,
      scenario.tiers.map(({ name }) => name),
    ),
    coverage: proof.coverage,
    violations: proof.violations.map((one) => ({ ...one, day: dateOf(one.day) })),
    on: dateOf(assumptions.onDay),
    holdings: report.holdings.map(({ oldestDay, newestDay, ...one }) => ({
      ...one,
      oldest: dateOf(oldestDay),
      newest: dateOf(newestDay),
    })),
    costs: costs.map((vault) => ({
      stack: vault.stack,
      total: totalOf(vault),
      months: vault.months.map((month, index) => ({
        month,
        total: totalOf(vault, index),
        storedGb: vault.storedGb[index],
        items: Object.fromEntries(
          Object.entries(vault.items).flatMap(([item, amounts]) =>
            (amounts[index] ?? 0) > 0 ? [[item, amounts[index]]] : [],
          ),
        ),
      })),
    })),
    total: grandTotal(costs),
    comparison: report.comparison,
    recovery: report.recovery,
    egress: report.egress,
    prices: report.prices,
  };
}

function countByTier(lives: readonly Life[], names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name, index) => [name, lives.filter(({ tier }) => tier === index).length]));
}
