import { describe, expect, it } from "@jest/globals";

import { faultsOfPlan } from "../../../planning/proof/planFaults.ts";
import type { DeclaredVault, Replication, RunnerTier, Transition } from "../../../planning/retention/vault.ts";
import { TIERS } from "../../../planning/tiers.ts";
import { PRIMARY, REPLICA, RULES, rulesWith } from "../support/scenario.ts";

const primaryWith = (
  change: Partial<DeclaredVault>,
  replica: DeclaredVault = REPLICA,
  tiers: readonly RunnerTier[] = TIERS,
) => faultsOfPlan({ ...PRIMARY, ...change }, replica, tiers);
const withTransitions = (...transitions: Transition[]) => primaryWith({ rules: rulesWith("monthly", { transitions }) });
const tiersWith = (name: string, change: Partial<RunnerTier>) =>
  TIERS.map((tier) => (tier.name === name ? { ...tier, ...change } : tier));
const without = (id: string) => RULES.filter((rule) => rule.id !== id);
/** An undefined value removes a property. */
const replicating = (change: { [K in keyof Replication]?: Replication[K] | undefined }) => {
  const entries = Object.entries({ ...PRIMARY.replications[0]!, ...change }).filter(([, value]) => value !== undefined);
  return primaryWith({ replications: [Object.fromEntries(entries) as unknown as Replication] });
};
const UNLOCKED = TIERS.map((tier) => ({ ...tier, lockDays: 0 }));

describe("faultsOfPlan", () => {
  it("finds nothing wrong with the vaults as they should be", () => {
    expect(primaryWith({})).toEqual([]);
    expect(faultsOfPlan(PRIMARY, undefined, TIERS)).toEqual([]);
  });

  const faulty: Record<string, [faults: string[], sentence: RegExp]> = {
    "rules that overlap": [
      primaryWith({ rules: [...RULES, { ...RULES[0]!, id: "old", prefix: "daily/2027/" }] }),
      /^Rules "daily" \(daily\/\) and "old" \(daily\/2027\/\) of prod overlap and both expire objects and remove noncurrent versions; /,
    ],
    "an expiration before a move": [
      withTransitions({ days: 366, storageClass: "GLACIER_IR" }),
      /^Rule "monthly" of prod moves to GLACIER_IR after 366 days but expires objects after 366; move them earlier/,
    ],
    "a move to a warmer class": [
      withTransitions({ days: 30, storageClass: "GLACIER_IR" }, { days: 90, storageClass: "STANDARD_IA" }),
      /^Rule "monthly" of prod moves to STANDARD_IA after 90 days, after GLACIER_IR on day 30; .* colder classes/,
    ],
    "a second move too soon": [
      withTransitions({ days: 30, storageClass: "STANDARD_IA" }, { days: 45, storageClass: "GLACIER_IR" }),
      /^Rule "monthly" of prod moves to GLACIER_IR after 45 days, less than 30 .* until day 60\.$/,
    ],
    "a move before its minimum": [
      withTransitions({ days: 29, storageClass: "STANDARD_IA" }),
      /^Rule "monthly" of prod moves to STANDARD_IA after 29 days, .* set at least 30\.$/,
    ],
    "a class that takes hours": [
      withTransitions({ days: 30, storageClass: "DEEP_ARCHIVE" }),
      /^Rule "monthly" of prod moves to DEEP_ARCHIVE after 30 days, .* 12 hours .* 30 minutes; choose STANDARD_IA or GLACIER_IR\.$/,
    ],
    "a replica's class that takes hours": [
      primaryWith({ replications: [{ ...PRIMARY.replications[0]!, storageClass: "GLACIER" }] }),
      /^Replication rule "standby" of prod stores replicas in GLACIER, .*; leave the class to/,
    ],
    "a lock that is longer than the tier is kept": [
      primaryWith({}, REPLICA, tiersWith("annual", { lockDays: 2000 })),
      /^The tier annual of prod is locked for 2000 days but kept for 1827; lock it for at most 1827\.$/,
    ],
    "a default lock that is longer": [
      primaryWith({ defaultLockDays: 45 }, REPLICA, UNLOCKED),
      /^The tier daily of prod is locked for 45 days but kept for 30; lock it for at most 30\.$/,
    ],
    "a lock that is shorter than the tier is kept": [
      primaryWith({}, REPLICA, tiersWith("annual", { lockDays: 1 })),
      /^The tier annual of prod is locked for 1 days but kept for 1827, so a backup can be deleted .*; lock it for 1827\.$/,
    ],
    "no lock": [
      primaryWith({}, REPLICA, UNLOCKED),
      /^The tier daily of prod is locked for 0 days but kept for 30, .*; lock it for 30\.$/,
    ],
    "a replication without what KMS encrypts": [
      replicating({ encryptedObjects: false }),
      /^Replication rule "standby" of prod leaves out what a KMS key encrypts/,
    ],
    "a replication without a key": [
      replicating({ replicaKeyArn: undefined }),
      /^Replication rule "standby" of prod names no key for the replicas/,
    ],
    "a replication of deletions": [
      replicating({ deletions: true }),
      /^Replication rule "standby" of prod replicates deletions/,
    ],
    "an expiry by size": [
      primaryWith({ rules: rulesWith("daily", { smallerThan: 1000 }) }),
      /^Rule "daily" of prod expires objects or removes noncurrent versions by their size, .*; let it act on all sizes\.$/,
    ],
    "a replica in the same region": [
      primaryWith({}, { ...REPLICA, region: "ap-northeast-1" }),
      /^prod and dr both .* ap-northeast-1; .*another region\.$/,
    ],
    "a replica that is another bucket": [
      primaryWith({}, { ...REPLICA, bucket: "other" }),
      /^prod replicates to arn:aws:s3:::replica, but dr's vault is arn:aws:s3:::other; set standbyVaultBucketArn to it\.$/,
    ],
    "a region without prices": [
      primaryWith({ region: "eu-west-1" }),
      /^There are no prices for region eu-west-1 of prod, .*ap-northeast-1 \(Tokyo\) and ap-northeast-3 \(Osaka\); add a file to planning\/prices\.$/,
    ],
    "tiers that overlap": [
      primaryWith({}, REPLICA, tiersWith("weekly", { prefix: "daily/week/" })),
      /^The tiers daily \(daily\/\) and weekly \(daily\/week\/\) overlap; give each a prefix/,
    ],
    "tiers in the wrong order": [
      primaryWith({}, REPLICA, [TIERS[0]!, TIERS[2]!, TIERS[1]!]),
      /^The tier weekly comes after monthly .*; order the tiers by their periods/,
    ],
    "no tier for every run": [
      primaryWith({}, REPLICA, TIERS.slice(1)),
      /^The first tier must take every run; put one with the period "run" first\.$/,
    ],
    "noncurrent versions that aren't kept at all": [
      primaryWith({ versioned: false }),
      /^Rule "daily" of prod removes noncurrent versions, .*; switch its versioning on\.$/,
    ],
  };
  it.each(Object.entries(faulty))("names %s, and what to do", (_, [faults, sentence]) =>
    expect(faults).toContainEqual(expect.stringMatching(sentence)),
  );

  it("names all of them at once, each in one sentence", () => {
    const rules = rulesWith("weekly", { transitions: [{ days: 5, storageClass: "STANDARD_IA" }] });
    const faults = primaryWith({ region: "eu-west-1", rules }, { ...REPLICA, region: "eu-west-1" });
    expect(faults).toHaveLength(4);
    for (const fault of faults) expect(fault).toMatch(/^[^.]*[^.]\.?.*\.$/);
  });

  it("lets rules share objects that differ in size or in what is done to them", () => {
    const [, moves] = rulesWith("weekly", { expireDays: undefined, noncurrentDays: undefined });
    const bySize = [
      { ...moves!, smallerThan: 1000 },
      { ...moves!, id: "large", largerThan: 999 },
      ...without("weekly"),
    ];
    expect(primaryWith({ rules: [...bySize, { ...RULES[1]!, id: "expiry", transitions: [] }] })).toEqual([]);
  });
});
