import { CLASS_RULES } from "../prices/classRules.ts";
import { prove } from "../proof/proof.ts";
import { type Life, lifeOf } from "../retention/life.ts";
import { type History, type Scenario, simulate } from "../retention/simulation.ts";
import { lifecycleOf } from "../retention/tierLifecycle.ts";
import type { DeclaredVault, RunnerTier, StorageClass, Transition } from "../retention/vault.ts";
import { totalOf } from "./bill.ts";
import { costsOf, type PlanPrices, storageCost } from "./costs.ts";
import { Months } from "./months.ts";

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

/** Days after which a restore no longer needs a backup in most cases, so that a class which charges for reading may hold it. */
const SELDOM_READ_AFTER_DAYS = 30;

/** The choices for a tier. A recovery can't wait for an archive, so each is STANDARD or a class that answers at once. */
function choicesFor({ keptDays }: RunnerTier): (Transition | undefined)[] {
  const days = SELDOM_READ_AFTER_DAYS;
  const colder = (["STANDARD_IA", "GLACIER_IR"] as const satisfies StorageClass[]).filter(
    (storageClass) => days >= CLASS_RULES[storageClass].earliestTransitionDays && days < keptDays,
  );
  return [undefined, ...colder.map((storageClass) => ({ days, storageClass }))];
}

/**
 * Compares the declared rules with no transitions at all, and looks for one tier whose class could be cheaper. A class changes nothing but
 * the storage of its tier's backups, so only that is computed again.
 */
export function compare(scenario: Scenario, history: History, prices: PlanPrices): Comparison {
  const months = new Months(scenario.schedule.firstDay, scenario.schedule.days);
  const declared = costsOf(scenario, history, prices).reduce((sum, costs) => sum + totalOf(costs), 0);
  const vaults = [
    { history: history.primary, prices: prices.primary },
    ...(history.replica && prices.replica ? [{ history: history.replica, prices: prices.replica }] : []),
  ];
  const differences = scenario.tiers.map((tier, index) => {
    const lives = vaults.map((vault) => vault.history.lives.filter((life) => life.tier === index));
    const costs = (livesOf: (life: Life, vault: DeclaredVault) => Life) =>
      vaults.reduce((sum, vault, at) => {
        const changed = (lives[at] ?? []).map((life) => livesOf(life, vault.history.vault));
        return sum + storageCost(changed, vault.prices, months);
      }, 0);
    const now = costs((life) => life);
    return choicesFor(tier).map((choice) => {
      const moved = (life: Life, vault: DeclaredVault) => {
        const { rules } = vaultWith(vault, tier, choice);
        return lifeOf(life, index, lifecycleOf(tier.prefix, life.objectBytes, rules), vault);
      };
      return { tier, choice, difference: costs(moved) - now };
    });
  });
  const standard = differences.reduce((sum, [stays]) => sum + (stays?.difference ?? 0), 0);
  const cheaper = differences
    .flat()
    .filter(({ difference }) => difference < -WORTHWHILE * declared)
    .sort((one, other) => one.difference - other.difference)
    .find(({ tier, choice }) => keepsEveryPromise(withMove(scenario, tier, choice)));
  const alternative = (words: string, difference: number) => ({ words, total: declared + difference, difference });
  return {
    declared,
    allInStandard: alternative("everything in STANDARD", standard),
    cheaper: cheaper && alternative(choiceWords(cheaper.tier, cheaper.choice), cheaper.difference),
  };
}

/** The part of all costs that a choice must save to be worth a change. */
const WORTHWHILE = 0.001;

function keepsEveryPromise(scenario: Scenario): boolean {
  return prove(scenario, simulate(scenario), scenario.replica !== undefined).violations.length === 0;
}

function choiceWords({ name }: RunnerTier, choice: Transition | undefined): string {
  return choice === undefined
    ? `${name} stays in STANDARD`
    : `${name} moves to ${choice.storageClass} after ${choice.days === 1 ? "1 day" : `${choice.days} days`}`;
}

/** The scenario with another transition for one tier, in both vaults. */
function withMove(scenario: Scenario, tier: RunnerTier, move: Transition | undefined): Scenario {
  const { primary, replica } = scenario;
  return {
    ...scenario,
    primary: vaultWith(primary, tier, move),
    ...(replica && { replica: vaultWith(replica, tier, move) }),
  };
}

function vaultWith(vault: DeclaredVault, { prefix }: RunnerTier, move: Transition | undefined): DeclaredVault {
  const rules = vault.rules.map((rule) =>
    rule.prefix === prefix ? { ...rule, transitions: move ? [move] : [] } : rule,
  );
  return { ...vault, rules };
}
