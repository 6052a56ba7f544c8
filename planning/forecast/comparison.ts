import { CLASS_RULES } from "../prices/classRules.ts";
import { prove } from "../proof/proof.ts";
import { type Scenario, simulate } from "../retention/simulation.ts";
import type { DeclaredVault, RunnerTier, StorageClass, Transition } from "../retention/vault.ts";
import { costsOf, type PlanPrices, totalOf } from "./costs.ts";

/** Another choice of storage classes, and what it would cost over the whole time. */
export interface Alternative {
  readonly words: string;
  readonly total: number;
  /** Against the declared rules; negative is cheaper. */
  readonly difference: number;
}

/** What the declared rules are compared with. */
export interface Comparison {
  readonly declared: number;
  readonly allInStandard: Alternative;
  /** The cheapest choice that differs in one tier and keeps every promise; absent when none is cheaper. */
  readonly cheaper: Alternative | undefined;
}

/** The legal choices for a tier. A recovery can't wait for an archive, so each is STANDARD or a class that answers at once. */
function choicesFor({ keptDays }: RunnerTier): (Transition | undefined)[] {
  const choices: (Transition | undefined)[] = [undefined];
  for (const storageClass of ["STANDARD_IA", "GLACIER_IR"] as const satisfies StorageClass[]) {
    const { earliestTransitionDays } = CLASS_RULES[storageClass];
    for (const days of new Set([Math.max(1, earliestTransitionDays), 30]))
      if (days < keptDays) choices.push({ days, storageClass });
  }
  return choices;
}

/** Compares the declared rules with no transitions at all, and looks for one tier whose class could be cheaper. */
export function compare(scenario: Scenario, prices: PlanPrices): Comparison {
  const declared = totalCost(scenario, prices);
  const alternative = (words: string, changed: Scenario): Alternative => {
    const total = totalCost(changed, prices);
    return { words, total, difference: total - declared };
  };
  const standard = scenario.tiers.reduce((changed, tier) => withMove(changed, tier, undefined), scenario);
  const candidates = scenario.tiers.flatMap((tier) =>
    choicesFor(tier).map((choice) => {
      const changed = withMove(scenario, tier, choice);
      return { changed, ...alternative(choiceWords(tier, choice), changed) };
    }),
  );
  const [cheaper] = candidates
    .filter(({ difference }) => difference < -0.005)
    .sort((one, other) => one.total - other.total)
    .filter(({ changed }) => prove(changed, simulate(changed), changed.replica !== undefined).violations.length === 0);
  return {
    declared,
    allInStandard: alternative("everything in STANDARD", standard),
    cheaper: cheaper && { words: cheaper.words, total: cheaper.total, difference: cheaper.difference },
  };
}

function totalCost(scenario: Scenario, prices: PlanPrices): number {
  return costsOf(scenario, simulate(scenario), prices).reduce((sum, costs) => sum + totalOf(costs), 0);
}

function choiceWords({ name }: RunnerTier, choice: Transition | undefined): string {
  return choice === undefined
    ? `${name} stays in STANDARD`
    : `${name} moves to ${choice.storageClass} after ${choice.days === 1 ? "1 day" : `${choice.days} days`}`;
}

/** The scenario with another transition for one tier, in both vaults. */
function withMove(scenario: Scenario, { prefix }: RunnerTier, move: Transition | undefined): Scenario {
  const changed = (vault: DeclaredVault): DeclaredVault => ({
    ...vault,
    rules: vault.rules.map((rule) => (rule.prefix === prefix ? { ...rule, transitions: move ? [move] : [] } : rule)),
  });
  const { replica } = scenario;
  return { ...scenario, primary: changed(scenario.primary), ...(replica && { replica: changed(replica) }) };
}
