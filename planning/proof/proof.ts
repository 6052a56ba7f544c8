import type { History, Scenario, VaultHistory } from "../retention/simulation.ts";
import { type Coverage, proveCoverage } from "./coverage.ts";
import { proveNoneGoesEarly, proveNoneStaysLong, proveUploadsGo } from "./lengthOfStay.ts";
import { promisesFor } from "./promises.ts";
import { type Violation, ViolationList } from "./violation.ts";

/** What the proof has found. It holds when there is no violation. */
export interface Proof {
  readonly coverage: readonly Coverage[];
  /** In the order of their days; one for each cause. */
  readonly violations: readonly Violation[];
}

/**
 * Proves, for every day and on both vaults, that each promise of the recovery guide is kept, that no backup goes before its time
 * and that none stays longer.
 *
 * @param withReplica false when a stack that has no standby yet is looked at by itself
 */
export function prove(scenario: Scenario, history: History, withReplica: boolean): Proof {
  const violations = new ViolationList();
  const context = { runs: history.runs, tiers: scenario.tiers, span: scenario.schedule };
  // A vault that nothing is sent to would break every promise; that it isn't one is said once.
  const replica = withReplica && isReplicated(scenario) ? history.replica : undefined;
  const vaults = [history.primary, ...(replica ? [replica] : [])];

  if (withReplica && !isReplicated(scenario)) demandReplica(scenario, violations);
  const coverage = vaults.flatMap((vault) =>
    promisesFor(scenario.tiers).map((promise) => {
      proveNoneGoesEarly(promise, vault, context, violations);
      return proveCoverage(promise, vault, context, violations);
    }),
  );
  for (const vault of vaults) {
    proveNoneStaysLong(vault, context, violations);
    proveUploadsGo(vault, context, violations);
    proveNewestIsHeld(vault, scenario, violations);
  }
  return { coverage, violations: violations.all() };
}

function isReplicated({ primary, replica }: Scenario): boolean {
  return replica !== undefined && primary.replications.length > 0;
}

function demandReplica({ primary, schedule }: Scenario, violations: ViolationList): void {
  violations.add({
    day: schedule.firstDay,
    stack: primary.stack,
    tier: "all tiers",
    rule: "replication",
    kind: "replica",
    what: `the vault of ${primary.stack} is replicated nowhere`,
    change: "set standbyVaultBucketArn and standbyVaultKeyArn to the standby's outputs",
  });
}

/** Lifecycle expires by age alone, so a stop of all runs would end with an empty vault if the newest backup couldn't be held. */
function proveNewestIsHeld({ vault }: VaultHistory, { tiers, schedule }: Scenario, violations: ViolationList): void {
  if (vault.objectLock && vault.versioned) return;
  const [shortest] = tiers;
  violations.add({
    day: schedule.firstDay + (shortest?.keptDays ?? 0) + 1,
    stack: vault.stack,
    tier: shortest?.name ?? "all tiers",
    rule: vault.versioned ? "Object Lock" : "versioning",
    kind: "hold",
    what: "the newest backup can't be held, so a stop of all runs ends with an empty vault",
    change: vault.versioned ? "give the bucket Object Lock" : "switch the bucket's versioning on",
  });
}
