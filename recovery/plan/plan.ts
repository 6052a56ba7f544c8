import { totalOf, type VaultCosts } from "../../planning/forecast/bill.ts";
import { type Holding, holdingsAt } from "../../planning/forecast/census.ts";
import { compare, type Comparison } from "../../planning/forecast/comparison.ts";
import { costsOf, type PlanPrices } from "../../planning/forecast/costs.ts";
import { type EgressForecast, egressForecast } from "../../planning/forecast/egress.ts";
import { type RecoveryCost, recoveryCosts, type RecoveryPlan } from "../../planning/forecast/recoveryCost.ts";
import { REPLICATION_LAG_MS } from "../../planning/objectives.ts";
import { pricesIn } from "../../planning/prices/priceTable.ts";
import { type RegionPrices } from "../../planning/prices/regionPrices.ts";
import { faultsOfPlan } from "../../planning/proof/planFaults.ts";
import { type Proof, prove } from "../../planning/proof/proof.ts";
import type { Violation } from "../../planning/proof/violation.ts";
import { missedOn } from "../../planning/retention/schedule.ts";
import { type History, type Scenario, simulate } from "../../planning/retention/simulation.ts";
import { DAY_MS } from "../../planning/retention/time.ts";
import type { DeclaredVault, RunnerTier } from "../../planning/retention/vault.ts";
import { CHUNK_BYTES, type Workload } from "../../planning/retention/workload.ts";
import { type RunnerNeed, runnerNeedOf, type RunnerSize } from "../../planning/runnerMachine.ts";
import { UserError } from "../../services/common/errors.ts";

const DAYS_PER_YEAR = 365.25;

/**
 * The years that a proof spans: a year's backup is kept for five, and the four-year cycle of leap years has four places to begin. Fewer
 * would leave out a combination.
 */
export const PROOF_YEARS = 9;

/** What a plan assumes about the years to come. */
export interface Assumptions {
  /** Number of the first day. */
  firstDay: number;
  years: number;
  intervalHours: number;
  runMinutes: number;
  /** Bytes of a compressed dump at the start. */
  dumpBytes: number;
  /** Bytes of the project's storage objects at the start. Every run reads and stores each of them. */
  storageBytes: number;
  /** Mean bytes of one of those objects. */
  storageObjectBytes: number;
  growthPerYear: number;
  /** Bytes of rows that a backup reads for each byte of its compressed dump. */
  readPerDumpByte: number;
  /** Numbers of the days on which all runs fail. */
  missedDays: ReadonlySet<number>;
  readBackOverInternet: boolean;
  recovery: RecoveryPlan;
  /** Number of the day that the forecast is for. */
  onDay: number;
}

/** What is planned: the vaults as they were declared, and how the runner fills them. */
export interface PlanInput {
  primary: DeclaredVault;
  /** The replica's vault, or why it could not be read. Undefined if only the primary is planned. */
  replica: DeclaredVault | { unreadable: { stack: string; why: string } } | undefined;
  tiers: readonly RunnerTier[];
  /** The declared machine of the runs. @default - not known */
  machine?: RunnerSize | undefined;
  assumptions: Assumptions;
}

/** The result of a plan. Dates are day numbers; money is in US dollars. */
export interface PlanReport {
  scenario: Scenario;
  history: History;
  proof: Proof;
  /** What is stored at the end of the forecast's day. */
  holdings: readonly Holding[];
  costs: readonly VaultCosts[];
  comparison: Comparison;
  recovery: readonly RecoveryCost[];
  /** What the backups read from Supabase in a month, at the start and on the forecast's day. */
  egress: { start: EgressForecast; onDay: EgressForecast };
  /** The machine of the runs, and what the database's size asks for, at the start and on the forecast's day. */
  runner: { machine: RunnerSize | undefined; start: RunnerNeed; onDay: RunnerNeed };
  prices: readonly RegionPrices[];
  assumptions: Assumptions;
  /** Time that the simulation and the proof took, in milliseconds. */
  simulationMs: number;
}

/**
 * Proves and prices the declared rules. Makes no request.
 *
 * @throws UserError that lists every fault of the input
 */
export function plan(input: PlanInput): PlanReport {
  const { primary, tiers, assumptions } = input;
  const replica = input.replica !== undefined && "bucket" in input.replica ? input.replica : undefined;
  const faults = faultsOfPlan(primary, replica, tiers);
  if (faults.length > 0) refuse(faults);

  const scenario = scenarioOf(input, replica);
  const started = performance.now();
  const history = simulate(scenario);
  const proof = withUnreadable(prove(scenario, history, input.replica !== undefined), input);
  const simulationMs = performance.now() - started;

  const prices = pricesOf(scenario, assumptions);
  const instant = (assumptions.onDay + 1) * DAY_MS - 1;
  const restoredFrom = history.replica ?? history.primary;
  const vaults = [history.primary, ...(history.replica ? [history.replica] : [])];
  return {
    scenario,
    history,
    proof,
    holdings: vaults.flatMap((vault) => holdingsAt(vault, tiers, instant)),
    costs: costsOf(scenario, history, prices),
    comparison: compare(scenario, history, prices),
    recovery: recoveryCosts(restoredFrom, tiers, prices.replica ?? prices.primary, assumptions.recovery, instant),
    egress: egressOf(assumptions),
    runner: { machine: input.machine, ...needsOf(assumptions) },
    prices: [prices.primary, ...(prices.replica ? [prices.replica] : [])],
    assumptions,
    simulationMs,
  };
}

function needsOf(assumptions: Assumptions): Omit<PlanReport["runner"], "machine"> {
  const rowsBytes = assumptions.dumpBytes * assumptions.readPerDumpByte;
  return { start: runnerNeedOf(rowsBytes), onDay: runnerNeedOf(rowsBytes * growthOf(assumptions)) };
}

/** The factor by which everything has grown on the forecast's day. */
function growthOf({ growthPerYear, firstDay, onDay }: Assumptions): number {
  return (1 + growthPerYear) ** ((onDay - firstDay) / DAYS_PER_YEAR);
}

function egressOf(assumptions: Assumptions): PlanReport["egress"] {
  const { intervalHours, dumpBytes, storageBytes, readPerDumpByte } = assumptions;
  const at = (factor: number) =>
    egressForecast(intervalHours, dumpBytes * readPerDumpByte * factor, storageBytes * factor);
  return { start: at(1), onDay: at(growthOf(assumptions)) };
}

/** Throws one UserError with all the sentences. */
export function refuse(faults: readonly string[]): never {
  throw new UserError(faults.join("\n"));
}

/** The sum of all vaults over all months. */
export function grandTotal(costs: readonly VaultCosts[]): number {
  return costs.reduce((sum, vault) => sum + totalOf(vault), 0);
}

/** Days from a day to the same date that many years later. */
export function daysInYears(firstDay: number, years: number): number {
  const date = new Date(firstDay * DAY_MS);
  return Math.round(
    (Date.UTC(date.getUTCFullYear() + years, date.getUTCMonth(), date.getUTCDate()) - date.getTime()) / DAY_MS,
  );
}

function scenarioOf({ primary, tiers, machine, assumptions }: PlanInput, replica: DeclaredVault | undefined): Scenario {
  const { firstDay, years, intervalHours, runMinutes, missedDays } = assumptions;
  return {
    primary,
    ...(replica && { replica }),
    tiers,
    schedule: {
      firstDay,
      days: daysInYears(firstDay, years),
      intervalHours,
      runMs: runMinutes * 60_000,
      machine,
      isMissed: missedOn(missedDays),
    },
    workload: workloadOf(assumptions),
    replicationLagMs: REPLICATION_LAG_MS,
  };
}

function workloadOf(assumptions: Assumptions): Workload {
  const { dumpBytes, storageBytes, storageObjectBytes, growthPerYear, readPerDumpByte } = assumptions;
  const bytes = dumpBytes + storageBytes;
  const chunks = (dumpBytes * readPerDumpByte) / CHUNK_BYTES;
  return {
    dumpBytes: bytes,
    growthPerYear,
    objectBytes: bytes / (chunks + storageBytes / storageObjectBytes),
    readPerStoredByte: (dumpBytes * readPerDumpByte + storageBytes) / bytes,
  };
}

function pricesOf({ primary, replica }: Scenario, { readBackOverInternet }: Assumptions): PlanPrices {
  const here = pricesIn(primary.region);
  if (here === undefined) throw new Error(`no prices for ${primary.region}`); // faultsOfPlan has looked
  return { primary: here, replica: replica && pricesIn(replica.region), readBackOverInternet };
}

function withUnreadable(proof: Proof, { replica, assumptions }: PlanInput): Proof {
  if (replica === undefined || "bucket" in replica) return proof;
  const { stack, why } = replica.unreadable;
  const violation: Violation = {
    day: assumptions.firstDay,
    stack,
    tier: "all tiers",
    rule: "preview",
    kind: "replica",
    what: `the rules of ${stack} can't be read, so nothing is proven for the replica: ${why.replace(/\.$/, "")}`,
    change: `make a preview of ${stack} work, or pass --no-standby to plan only the primary`,
  };
  return { ...proof, violations: [violation, ...proof.violations.filter(({ kind }) => kind !== "replica")] };
}
