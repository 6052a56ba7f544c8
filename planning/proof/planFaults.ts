import { RECOVERY_TIME_OBJECTIVES } from "../objectives.ts";
import { CLASS_RULES } from "../prices/classRules.ts";
import { PRICE_TABLE, pricesIn } from "../prices/priceTable.ts";
import { coldness } from "../retention/tierLifecycle.ts";
import type { DeclaredVault, LifecycleRule, RunnerTier, Transition } from "../retention/vault.ts";
import { TIER_PERIODS } from "../tiers.ts";

/** Faults of a plan that can't be simulated or must not be deployed, each a sentence that says what to do. Empty when all is well. */
export function faultsOfPlan(
  primary: DeclaredVault,
  replica: DeclaredVault | undefined,
  tiers: readonly RunnerTier[],
): string[] {
  const vaults = [primary, ...(replica ? [replica] : [])];
  return [
    ...faultsOfTiers(tiers),
    ...vaults.flatMap((vault) => [
      ...faultsOfRegion(vault),
      ...overlaps(vault),
      ...vault.rules.flatMap((rule) => [...faultsOfRule(rule, vault)]),
      ...tiers.flatMap((tier) => faultsOfLock(tier, vault)),
    ]),
    ...faultsOfReplication(primary, replica),
  ];
}

function* faultsOfTiers(tiers: readonly RunnerTier[]): Generator<string> {
  if (tiers[0]?.period !== "run") yield 'The first tier must take every run; put one with the period "run" first.';
  for (const [index, tier] of tiers.entries())
    for (const other of tiers.slice(index + 1)) {
      if (tier.name === other.name) yield `Two tiers are called ${tier.name}; give each a name of its own.`;
      if (overlap(tier.prefix, other.prefix))
        yield `The tiers ${tier.name} (${tier.prefix}) and ${other.name} (${other.prefix}) overlap; give each a prefix of its own.`;
      if (TIER_PERIODS.indexOf(tier.period) >= TIER_PERIODS.indexOf(other.period))
        yield `The tier ${other.name} comes after ${tier.name} but has no longer period; order the tiers by their periods, one tier each.`;
      else if (tier.keptDays > other.keptDays)
        yield `The tier ${tier.name} keeps ${tier.keptDays} days, longer than ${other.name} with ${other.keptDays}; keep the less frequent tier longer.`;
    }
}

function faultsOfRegion({ stack, region }: DeclaredVault): string[] {
  if (pricesIn(region) !== undefined) return [];
  const known = PRICE_TABLE.map((prices) => `${prices.region} (${prices.name})`).join(" and ");
  return [`There are no prices for region ${region} of ${stack}, only for ${known}; add a file to planning/prices.`];
}

/** Finds two rules that do the same thing to the same objects. S3 applies only one of them, and it is easy to get wrong which. */
function overlaps({ stack, rules }: DeclaredVault): string[] {
  return rules.flatMap((rule, index) =>
    rules.slice(index + 1).flatMap((other) => {
      if (!overlap(rule.prefix, other.prefix) || differInSize(rule, other)) return [];
      const both = ACTIONS.filter(({ has }) => has(rule) && has(other)).map(({ words }) => words);
      if (both.length === 0) return [];
      return [
        `Rules "${rule.id}" (${shown(rule)}) and "${other.id}" (${shown(other)}) of ${stack} overlap and both ${both.join(" and ")}; let one rule act on each prefix.`,
      ];
    }),
  );
}

const ACTIONS: readonly { words: string; has: (rule: LifecycleRule) => boolean }[] = [
  { words: "expire objects", has: (rule) => rule.expireDays !== undefined },
  { words: "move objects", has: (rule) => rule.transitions.length > 0 },
  { words: "remove noncurrent versions", has: (rule) => rule.noncurrentDays !== undefined },
];

function* faultsOfRule(rule: LifecycleRule, { stack, versioned }: DeclaredVault): Generator<string> {
  const name = `Rule "${rule.id}" of ${stack}`;
  let before: Transition | undefined;
  for (const move of rule.transitions) {
    const { earliestTransitionDays, answersWithinMs } = CLASS_RULES[move.storageClass];
    const toClass = `moves to ${move.storageClass} after ${move.days} days`;
    if (move.days < earliestTransitionDays)
      yield `${name} ${toClass}, S3 allows it from day ${earliestTransitionDays}; set at least ${earliestTransitionDays}.`;
    if (answersWithinMs > RECOVERY_TIME_OBJECTIVES.database)
      yield `${name} ${toClass}, from where a backup takes ${answersWithinMs / 3_600_000} hours to retrieve. The database must be back in ${RECOVERY_TIME_OBJECTIVES.database / 60_000} minutes; choose STANDARD_IA or GLACIER_IR.`;
    if (rule.expireDays !== undefined && rule.expireDays <= move.days)
      yield `${name} ${toClass} but expires objects after ${rule.expireDays}; move them earlier or not at all.`;
    if (before !== undefined && coldness(move.storageClass) <= coldness(before.storageClass))
      yield `${name} ${toClass}, after ${before.storageClass} on day ${before.days}; S3 moves objects only to colder classes, so order them that way.`;
    else if (before?.storageClass === "STANDARD_IA" && move.days < before.days + CLASS_RULES.STANDARD_IA.minimumDays)
      yield `${name} ${toClass}, less than 30 days after STANDARD_IA; wait until day ${before.days + 30}.`;
    before = move;
  }
  if ((rule.largerThan !== undefined || rule.smallerThan !== undefined) && doesMoreThanMove(rule))
    yield `${name} expires objects or removes noncurrent versions by their size, but a backup has objects of every size and is lost with the first of them; let it act on all sizes.`;
  if (rule.noncurrentDays !== undefined && !versioned)
    yield `${name} removes noncurrent versions, but the bucket keeps none; switch its versioning on.`;
}

function doesMoreThanMove({ expireDays, noncurrentDays, removesLoneMarkers, abortUploadDays }: LifecycleRule): boolean {
  return removesLoneMarkers || [expireDays, noncurrentDays, abortUploadDays].some((days) => days !== undefined);
}

/** Checks a lock against its tier. The proof checks the rule against the tier, and reports which of the two is wrong. */
function faultsOfLock({ name, lockDays: own, keptDays }: RunnerTier, vault: DeclaredVault): string[] {
  if (!vault.objectLock) return [];
  const lockDays = own === 0 ? (vault.defaultLockDays ?? 0) : own;
  const is = `The tier ${name} of ${vault.stack} is locked for ${lockDays} days but kept for ${keptDays}`;
  if (lockDays > keptDays) return [`${is}; lock it for at most ${keptDays}.`];
  if (lockDays < keptDays) return [`${is}, so a backup can be deleted before it expires; lock it for ${keptDays}.`];
  return [];
}

function* faultsOfReplication(primary: DeclaredVault, replica: DeclaredVault | undefined): Generator<string> {
  for (const { id, encryptedObjects, replicaKeyArn, deletions } of primary.replications) {
    const rule = `Replication rule "${id}" of ${primary.stack}`;
    if (!encryptedObjects)
      yield `${rule} leaves out what a KMS key encrypts, which is every backup, so the replica stays empty; set sourceSelectionCriteria.sseKmsEncryptedObjects to Enabled.`;
    if (replicaKeyArn === undefined)
      yield `${rule} names no key for the replicas, and S3 replicates nothing encrypted without one; set destination.encryptionConfiguration.replicaKmsKeyId.`;
    if (deletions)
      yield `${rule} replicates deletions, so a backup that is deleted is hidden in the replica too; set deleteMarkerReplication to Disabled.`;
  }
  for (const { id, storageClass } of primary.replications)
    if (storageClass !== undefined && CLASS_RULES[storageClass].answersWithinMs > RECOVERY_TIME_OBJECTIVES.database)
      yield `Replication rule "${id}" of ${primary.stack} stores replicas in ${storageClass}, from where a retrieval takes hours; leave the class to the replica's lifecycle.`;
  if (replica === undefined) return;
  if (replica.region === primary.region)
    yield `${primary.stack} and ${replica.stack} both keep their vault in ${primary.region}; put the replica into another region.`;
  const arn = `arn:aws:s3:::${replica.bucket}`;
  const targets = [...new Set(primary.replications.map(({ destinationBucketArn }) => destinationBucketArn))];
  if (targets.length > 0 && !targets.includes(arn))
    yield `${primary.stack} replicates to ${targets.join(", ")}, but ${replica.stack}'s vault is ${arn}; set standbyVaultBucketArn to it.`;
}

function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function differInSize(one: LifecycleRule, other: LifecycleRule): boolean {
  return (
    (one.smallerThan ?? Infinity) <= (other.largerThan ?? 0) + 1 ||
    (other.smallerThan ?? Infinity) <= (one.largerThan ?? 0) + 1
  );
}

function shown({ prefix }: LifecycleRule): string {
  return prefix === "" ? "all objects" : prefix;
}
