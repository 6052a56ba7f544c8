import type { History, Scenario, VaultHistory } from "../retention/simulation.ts";
import { type Coverage, proveCoverage } from "./coverage.ts";
import { proveNoneGoesEarly, proveNoneStaysLong, proveUploadsGo } from "./lengthOfStay.ts";
import { promisesFor } from "./promises.ts";
import { type Violation, ViolationList } from "./violation.ts";

/** The result of the proof. It holds when there is no violation. */
export interface Proof {
  readonly coverage: readonly Coverage[];
  /** Ordered by day, one for each cause. */
  readonly violations: readonly Violation[];
}

/** The promises that last longer than the days that were checked, in words: nothing is broken, but nothing shows that they are kept. */
export function unprovenIn({ coverage }: Proof): string[] {
  return [...new Set(coverage.filter(({ days, spanDays }) => days < spanDays).map(({ words }) => words))];
}

/**
 * Proves for every day and both vaults that each promise is kept, that no backup is removed too early and that none stays too long.
 *
 * @param withReplica false to check a stack that has no standby yet
 */
export function prove(scenario: Scenario, history: History, withReplica: boolean): Proof {
  const violations = new ViolationList();
  const context = { runs: history.runs, tiers: scenario.tiers, span: scenario.schedule };
  // A vault without replication would break every promise, so one violation stands for all of them.
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

/**
 * Adds a violation if the newest backup can't be held. Lifecycle expires only by age, so the vault would be empty when runs stop for long.
 */
function proveNewestIsHeld({ vault }: VaultHistory, { tiers, schedule }: Scenario, violations: ViolationList): void {
  const [shortest] = tiers;
  const unlocked = tiers.find(({ lockDays }) => lockDays === 0);
  if (vault.objectLock && vault.versioned && unlocked === undefined) return;
  violations.add({
    day: schedule.firstDay + (shortest?.keptDays ?? 0) + 1,
    stack: vault.stack,
    tier: shortest?.name ?? "all tiers",
    rule: !vault.versioned ? "versioning" : !vault.objectLock ? "Object Lock" : "the lock",
    kind: "hold",
    what: "the newest backup can't be held, so a stop of all runs ends with an empty vault",
    change: !vault.versioned
      ? "switch the bucket's versioning on"
      : !vault.objectLock
        ? "give the bucket Object Lock"
        : `lock the tier ${unlocked?.name ?? ""}, as the runner holds only what it locks`,
  });
}
