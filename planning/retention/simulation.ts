import { type Arrival, type Life, lifeOf } from "./life.ts";
import { tierOpener } from "./promotion.ts";
import { runsDue, type Schedule } from "./schedule.ts";
import { lifecycleOf } from "./tierLifecycle.ts";
import { DAY_MS, NEVER } from "./time.ts";
import type { DeclaredVault, Replication, RunnerTier } from "./vault.ts";
import { dumpBytesAfter, objectBytesOf, type Workload } from "./workload.ts";

/** A pause in replication: what is due during it arrives at its end. Milliseconds since 1970. */
export interface ReplicationPause {
  readonly from: number;
  readonly to: number;
}

/** Everything that the simulation depends on. */
export interface Scenario {
  readonly primary: DeclaredVault;
  /** The vault that receives the primary's replicas, with its own rules. */
  readonly replica?: DeclaredVault;
  /** Shortest first. */
  readonly tiers: readonly RunnerTier[];
  readonly schedule: Schedule;
  readonly workload: Workload;
  /** From a backup's creation until its replica exists, in milliseconds. */
  readonly replicationLagMs: number;
  readonly replicationPauses?: readonly ReplicationPause[];
}

/** The outcome of each run. */
export interface Run {
  readonly startedAt: number;
  /** Index of the tier that the run opened; undefined when the run failed. */
  readonly tier: number | undefined;
}

/** The outcome in one vault. Lives are in the order of their runs. */
export interface VaultHistory {
  readonly vault: DeclaredVault;
  readonly lives: readonly Life[];
}

/** The outcome of all runs and backups. */
export interface History {
  readonly runs: readonly Run[];
  readonly primary: VaultHistory;
  readonly replica?: VaultHistory;
}

/** Simulates all backups of the schedule under the vaults' declared rules. Pure. Time and memory grow only with the number of runs. */
export function simulate(scenario: Scenario): History {
  const runs = openTiers(scenario);
  const backups = storeBackups(runs, scenario);
  const primary = keep(backups, scenario.primary, scenario);
  if (scenario.replica === undefined) return { runs, primary };
  const replicas = replicate(backups, scenario);
  return { runs, primary, replica: keep(replicas, scenario.replica, scenario) };
}

/** A backup that is about to arrive in a vault. */
interface Backup extends Arrival {
  readonly tier: number;
}

function openTiers({ schedule, tiers }: Scenario): Run[] {
  const opens = tierOpener(tiers);
  const tierOf = (startedAt: number) => (schedule.isMissed(startedAt) ? undefined : opens(startedAt));
  return runsDue(schedule).map((startedAt) => ({ startedAt, tier: tierOf(startedAt) }));
}

function storeBackups(runs: readonly Run[], scenario: Scenario): Backup[] {
  const { schedule, tiers, workload, primary } = scenario;
  const first = schedule.firstDay * DAY_MS;
  const proven = runs.flatMap(({ startedAt, tier }) => (tier === undefined ? [] : [{ startedAt, tier }]));
  return proven.map(({ startedAt, tier }, index) => {
    const storedAt = startedAt + schedule.runMs;
    const next = proven[index + 1];
    const lockDays = lockDaysOf(tiers[tier], primary);
    // The runner holds only what it locks.
    const isHeld = (tiers[tier]?.lockDays ?? 0) > 0;
    const bytes = dumpBytesAfter(workload, startedAt - first);
    return {
      tier,
      takenAt: startedAt,
      createdAt: storedAt,
      arrivedAt: storedAt,
      storageClass: "STANDARD",
      bytes,
      objectBytes: objectBytesOf(workload, bytes),
      lockedUntil: startedAt + lockDays * DAY_MS,
      heldUntil: !isHeld ? storedAt : next === undefined ? NEVER : next.startedAt + schedule.runMs,
    };
  });
}

/** The writer's lock takes precedence over the bucket's default lock. */
function lockDaysOf(tier: RunnerTier | undefined, { defaultLockDays = 0 }: DeclaredVault): number {
  return tier === undefined || tier.lockDays === 0 ? defaultLockDays : tier.lockDays;
}

/** Replicas keep their originals' dates, locks and holds, but arrive later. Only what a rule names is replicated. */
function replicate(backups: readonly Backup[], scenario: Scenario): Backup[] {
  const { primary, replica, tiers, replicationLagMs } = scenario;
  const arrives = (instant: number) => afterPauses(instant + replicationLagMs, scenario.replicationPauses ?? []);
  const rules = tiers.map(({ prefix }) => replicationOf(prefix, primary, replica));
  return backups.flatMap((backup) => {
    const rule = rules[backup.tier];
    if (rule === undefined) return [];
    const { storageClass = backup.storageClass } = rule;
    const arrivedAt = arrives(backup.arrivedAt);
    return [{ ...backup, storageClass, arrivedAt, heldUntil: Math.max(arrivedAt, arrives(backup.heldUntil)) }];
  });
}

/** The rule that replicates a tier's backups to the replica's bucket, if there is one. */
export function replicationOf(
  prefix: string,
  primary: DeclaredVault,
  replica: DeclaredVault | undefined,
): Replication | undefined {
  const arn = `arn:aws:s3:::${replica?.bucket ?? ""}`;
  return primary.replications.find((rule) => rule.destinationBucketArn === arn && prefix.startsWith(rule.prefix));
}

function afterPauses(instant: number, pauses: readonly ReplicationPause[]): number {
  return pauses.reduce((late, { from, to }) => (late >= from && late < to ? to : late), instant);
}

function keep(backups: readonly Backup[], vault: DeclaredVault, { tiers }: Scenario): VaultHistory {
  const lifecycleFor = lifecycles(vault, tiers);
  return { vault, lives: backups.map((one) => lifeOf(one, one.tier, lifecycleFor(one.tier, one.objectBytes), vault)) };
}

/** A tier's lifecycle, computed once for each tier if no rule depends on sizes. */
function lifecycles(vault: DeclaredVault, tiers: readonly RunnerTier[]) {
  const at = (tier: number, bytes: number) => lifecycleOf(tiers[tier]?.prefix ?? "", bytes, vault.rules);
  const looksAtSizes = vault.rules.some((rule) => rule.largerThan !== undefined || rule.smallerThan !== undefined);
  if (looksAtSizes) return at;
  const known = tiers.map((_, tier) => at(tier, 0));
  return (tier: number, bytes: number) => known[tier] ?? at(tier, bytes);
}
