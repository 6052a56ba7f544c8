import { REPLICATION_LAG_MS } from "../../planning/objectives.ts";
import { prove } from "../../planning/proof/proof.ts";
import { violationSentence } from "../../planning/proof/violation.ts";
import { simulate } from "../../planning/retention/simulation.ts";
import { RUN_LIMIT_MINUTES } from "../../planning/schedule.ts";
import { declaredPlan, type DeclaredStack } from "./declaredPlan.ts";
import { daysInYears, PROOF_YEARS } from "./plan.ts";

/**
 * What is wrong with the backups that both stacks declare, or the promises that they would break in the years after a day. Each is a
 * sentence that says what to change; none if every promise is kept. It assumes runs that take as long as they may.
 */
export function brokenPromises(primary: DeclaredStack, standby: DeclaredStack, firstDay: number): string[] {
  const { plan, faults } = declaredPlan(primary, standby);
  if (plan === undefined) return faults;
  const schedule = {
    firstDay,
    days: daysInYears(firstDay, PROOF_YEARS),
    intervalHours: plan.intervalHours,
    runMs: RUN_LIMIT_MINUTES * 60_000,
    isMissed: () => false,
  };
  const { primary: vault, replica, tiers } = plan;
  const scenario = {
    primary: vault,
    ...(replica && { replica }),
    tiers,
    schedule,
    // Sizes and their growth change costs, no promise.
    workload: { dumpBytes: 2 ** 31, growthPerYear: 0 },
    replicationLagMs: REPLICATION_LAG_MS,
  };
  return prove(scenario, simulate(scenario), true).violations.map(violationSentence);
}
