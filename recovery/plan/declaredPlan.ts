import { type Site, vaultBucketName } from "../../planning/names.ts";
import { faultsOfPlan } from "../../planning/proof/planFaults.ts";
import type { DeclaredVault, RunnerTier } from "../../planning/retention/vault.ts";
import type { RunnerSize } from "../../planning/runnerMachine.ts";
import type { Settings } from "../../settings/settings.ts";
import type { RegisteredResource } from "../pulumi/pulumiResources.ts";
import { faultsOfReplicationRole, faultsOfRunnerRole } from "./access.ts";
import { readRules } from "./readRules.ts";
import { readSchedule } from "./readSchedule.ts";

/** A stack's settings and what its program registers, or what is deployed. */
export interface DeclaredStack {
  readonly stack: string;
  readonly settings: Settings;
  readonly resources: readonly RegisteredResource[];
}

/** What the stacks define of their backups. */
export interface DeclaredPlan {
  readonly primary: DeclaredVault;
  readonly replica: DeclaredVault | undefined;
  readonly tiers: readonly RunnerTier[];
  readonly intervalHours: number;
  /** The machine of the runs. */
  readonly machine: RunnerSize | undefined;
}

/**
 * Reads how backups are taken, kept and replicated from all that the stacks declare: rules, locks, replication with its role and key,
 * schedule, and the settings and the role of the runner.
 *
 * @param standby undefined to read only the primary
 * @returns the plan, or every fault in a sentence that says what to do
 */
export function declaredPlan(
  primary: DeclaredStack,
  standby: DeclaredStack | undefined,
): { plan: DeclaredPlan; faults: [] } | { plan: undefined; faults: string[] } {
  const { tiers } = primary.settings;
  const own = rulesOf(primary, standby);
  const other = standby && rulesOf(standby, primary);
  const { schedule, faults: scheduleFaults } = readSchedule(primary.stack, primary.resources, tiers);
  const faults = [...own.faults, ...(other?.faults ?? []), ...scheduleFaults];
  const [vault, replica] = [own.vault, other?.vault];
  if (vault === undefined || schedule === undefined || (other !== undefined && replica === undefined))
    return { plan: undefined, faults };
  faults.push(
    ...faultsOfPlan(vault, replica, tiers),
    ...faultsOfRunnerRole(at(primary), schedule.role, tiers),
    ...(standby && replica ? roleFaults(primary, standby, vault, own.replicationRole, tiers) : []),
  );
  if (faults.length > 0) return { plan: undefined, faults };
  const { intervalHours, machine } = schedule;
  return { plan: { primary: vault, replica, tiers, intervalHours, machine }, faults: [] };
}

function rulesOf(one: DeclaredStack, other: DeclaredStack | undefined) {
  return readRules(one.stack, vaultBucketName(siteOf(one.settings)), one.resources, other?.resources);
}

function roleFaults(
  primary: DeclaredStack,
  standby: DeclaredStack,
  vault: DeclaredVault,
  role: string | undefined,
  tiers: readonly RunnerTier[],
): string[] {
  const [rule] = vault.replications;
  if (rule === undefined || role === undefined) return [];
  return faultsOfReplicationRole(at(primary), at(standby), role, rule, tiers);
}

function at({ stack, settings, resources }: DeclaredStack) {
  return { stack, site: siteOf(settings), resources };
}

function siteOf({ project, role, awsAccountId: accountId, awsRegion: region }: Settings): Site {
  return { project, role, accountId, region };
}
