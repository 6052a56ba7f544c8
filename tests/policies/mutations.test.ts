import { beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { violationSentence } from "../../planning/proof/violation.ts";
import { keepEveryPromise, type RecordedStack } from "../../policies/stacks/keepEveryPromise.ts";
import { declaredPlan } from "../../recovery/plan/declaredPlan.ts";
import { daysInYears, plan } from "../../recovery/plan/plan.ts";
import { recordedApart } from "../../recovery/pulumi/pulumiApart.ts";
import { settingsIn } from "../../recovery/pulumi/stackSettings.ts";
import { ASSUMPTIONS } from "../planning/support/assumptions.ts";
import { day } from "../planning/support/scenario.ts";

type Inputs = Record<string, unknown>;
interface Rule {
  id: string;
  filter: object;
  expiration: { days?: number };
  [key: string]: unknown;
}

const VAULT = "urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite$castchat:index:BackupVault";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const FIRST_DAY = day("2026-11-30");

let shipped: RecordedStack[];
beforeAll(async () => {
  shipped = await Promise.all(
    ["prod", "dr"].map(async (stack) => ({ stack, ...(await recordedApart({ stack, workspace: PROJECT_ROOT }))! })),
  );
}, 60_000);

/** The sentences with which `castchat-recovery plan` refuses what the stacks declare. */
function refusalsOf(stacks: readonly RecordedStack[], years: number): string[] {
  const [primary, standby] = stacks.map((one) => ({ ...one, settings: settingsIn(one.config, one.stack) }));
  const declared = declaredPlan(primary!, standby);
  if (declared.plan === undefined) return declared.faults;
  const assumptions = {
    ...ASSUMPTIONS,
    firstDay: FIRST_DAY,
    years,
    onDay: FIRST_DAY + daysInYears(FIRST_DAY, years) - 1,
    intervalHours: declared.plan.intervalHours,
  };
  return plan({ ...declared.plan, assumptions }).proof.violations.map(violationSentence);
}

/** The inputs of a resource, to be changed. */
function inputsOf(stacks: readonly RecordedStack[], stack: "prod" | "dr", name: string): Inputs {
  const { resources } = stacks.find((one) => one.stack === stack)!;
  return resources.find(({ urn }) => urn.endsWith(`::${name}`))!.inputs;
}
/** The lifecycle rule of a tier in each vault. */
function rulesOf(
  stacks: readonly RecordedStack[],
  id: string,
  of: readonly ("prod" | "dr")[] = ["prod", "dr"],
): Rule[] {
  return of.map((stack) =>
    (inputsOf(stacks, stack, "vault-lifecycle")["rules"] as Rule[]).find((one) => one.id === id)!,
  );
}
function changePolicy(inputs: Inputs, change: (text: string) => string): void {
  inputs["policy"] = change(inputs["policy"] as string);
}
/** The runner's settings, with the tiers that it fills. */
function changeRunner(stacks: readonly RecordedStack[], change: (settings: string) => string): void {
  const { environmentVariables: variables } = inputsOf(stacks, "prod", "schedule-runner-project")["environment"] as {
    environmentVariables: { name: string; value: string }[];
  };
  const settings = variables.find(({ name }) => name === "RUNNER_SETTINGS")!;
  settings.value = change(settings.value);
}
/** A second lifecycle of the vault's bucket, a part of the component or not. */
function addLifecycle(stacks: readonly RecordedStack[], owner: string, type = LIFECYCLE): void {
  const { bucket, rules } = inputsOf(stacks, "prod", "vault-lifecycle");
  const inputs = { bucket, rules: structuredClone(rules) as Rule[] };
  inputs.rules[1]!.expiration.days = 7;
  stacks[0]!.resources.push({ urn: `${owner}${type}::second`, type, inputs, region: "ap-northeast-1" });
}
const overrides = (stacks: readonly RecordedStack[], stack: "prod" | "dr", value: object) => {
  stacks.find((one) => one.stack === stack)!.config["castchat-recovery:tierOverrides"] = JSON.stringify(value);
};
const BY_SIZE = { and: { prefix: "annual/", objectSizeLessThan: 131_072 } };

/** Changes that once passed the proof, the policies, or both, and what is now said of each. */
const MUTATIONS: Record<string, [change: (stacks: RecordedStack[]) => void, sentence: RegExp, years?: number]> = {
  "no selection of what KMS encrypts": [
    (stacks) => {
      const [rule] = inputsOf(stacks, "prod", "vault-replication")["rules"] as Inputs[];
      delete rule!["sourceSelectionCriteria"];
    },
    /^Replication rule "standby" of prod leaves out what a KMS key encrypts.*\.sseKmsEncryptedObjects to Enabled\.$/,
  ],
  "no lock": [
    (stacks) => changeRunner(stacks, (text) => text.replaceAll(/"lockDays":\d+/g, '"lockDays":0')),
    /^The runner of prod fills daily \(daily\/, each run, locked 0 days\)/,
  ],
  "a second lifecycle outside of the component": [
    (stacks) => addLifecycle(stacks, "urn:pulumi:prod::castchat-recovery::"),
    /^The vault's bucket of prod has more than one lifecycle configuration: "vault-lifecycle" and "second"\./,
  ],
  "a lifecycle on the bucket itself": [
    (stacks) =>
      (inputsOf(stacks, "prod", "vault-bucket")["lifecycleRules"] = [
        { enabled: true, prefix: "weekly/", expiration: { days: 7 } },
      ]),
    /^The bucket of prod itself sets lifecycleRules, and S3 keeps either that or/,
  ],
  "a tier of another name": [
    (stacks) => {
      for (const rule of rulesOf(stacks, "weekly"))
        Object.assign(rule, { id: "week", filter: { prefix: "week/" }, expiration: { days: 91 } });
      changeRunner(stacks, (text) =>
        text.replace('"name":"weekly","prefix":"weekly/"', '"name":"week","prefix":"week/"').replace(":92", ":91"),
      );
    },
    /^The runner of prod fills week \(week\/, each isoWeek, locked 91 days\), but the stack's tiers are weekly/,
  ],
  "a replication role that may not replicate": [
    (stacks) =>
      changePolicy(inputsOf(stacks, "prod", "vault-replication-policy"), (text) =>
        text.replace('"s3:ReplicateObject",', ""),
      ),
    /^The replication role of prod lacks s3:ReplicateObject, so nothing reaches dr; allow it in/,
  ],
  "annual backups under another prefix": [
    (stacks) => changeRunner(stacks, (text) => text.replace('"prefix":"annual/"', '"prefix":"yearly/"')),
    /^The runner of prod fills annual \(yearly\/, .* but the stack's tiers are annual \(annual\//,
  ],
  "longer weekly backups only in the primary": [
    (stacks) => {
      overrides(stacks, "prod", { weekly: 120 });
      for (const rule of rulesOf(stacks, "weekly", ["prod"])) rule.expiration.days = 120;
      changeRunner(stacks, (text) => text.replace(":92", ":120"));
      changePolicy(inputsOf(stacks, "prod", "vault-policy"), (text) => text.replace('"93"', '"121"'));
    },
    /dr, tier weekly, rule weekly: .* its tier says \(120 days\)\. Change: let rule "weekly" keep 120 days instead of 92 days\.$/,
  ],
  "small annual objects that expire early": [
    (stacks) => {
      for (const stack of ["prod", "dr"] as const)
        (inputsOf(stacks, stack, "vault-lifecycle")["rules"] as object[]).push({
          id: "small",
          status: "Enabled",
          filter: BY_SIZE,
          expiration: { days: 30 },
        });
    },
    /^Rule "small" of prod expires objects or removes noncurrent versions by their size, but a backup has objects of every size/,
  ],
  "only large daily objects that expire": [
    (stacks) => {
      for (const rule of rulesOf(stacks, "daily"))
        rule.filter = { and: { prefix: "daily/", objectSizeGreaterThan: 8_388_608 } };
    },
    /^Rule "daily" of prod expires objects or removes noncurrent versions by their size/,
  ],
  "a second lifecycle in the component": [
    (stacks) => addLifecycle(stacks, `${VAULT}$`),
    /^The vault's bucket of prod has more than one lifecycle configuration/,
  ],
  "a run a day": [
    (stacks) => (inputsOf(stacks, "prod", "schedule-rate")["scheduleExpression"] = "rate(24 hours)"),
    /^The backups of prod run every 24 hours, so more than 24 hours can be lost; run them at least every 21\.$/,
  ],
  "a run a week": [
    (stacks) => (inputsOf(stacks, "prod", "schedule-rate")["scheduleExpression"] = "rate(7 days)"),
    /^The backups of prod run every 168 hours/,
  ],
  "a schedule that is switched off": [
    (stacks) => (inputsOf(stacks, "prod", "schedule-rate")["state"] = "DISABLED"),
    /^The backup schedule of prod is DISABLED, so no backup is taken; enable it\.$/,
  ],
  "annual backups for 1000 days, over two years": [
    (stacks) => {
      for (const rule of rulesOf(stacks, "annual", ["prod"])) rule.expiration.days = 1000;
    },
    /^2029-08-27, prod, tier annual, rule annual: .* "annual backups: 5 years" says\. Change: .* keep 1827 days/,
    2,
  ],
};

/** More of the kinds above, each of which leaves the replica or a tier empty. */
const FURTHER: typeof MUTATIONS = {
  "a lifecycle of an older type": [
    (stacks) =>
      addLifecycle(stacks, "urn:pulumi:prod::castchat-recovery::", LIFECYCLE.replaceAll("uration", "urationV2")),
    /more than one lifecycle configuration/,
  ],
  "deletions that are replicated": [
    (stacks) => {
      const [rule] = inputsOf(stacks, "prod", "vault-replication")["rules"] as Inputs[];
      rule!["deleteMarkerReplication"] = { status: "Enabled" };
    },
    /replicates deletions/,
  ],
  "a replica that refuses the role": [
    (stacks) =>
      changePolicy(inputsOf(stacks, "dr", "vault-policy"), (text) => text.replaceAll("primary-replication", "other")),
    /^The bucket policy of dr refuses s3:ReplicateObject to the replication role of prod/,
  ],
  "a replica's key that refuses the role": [
    (stacks) =>
      changePolicy(inputsOf(stacks, "dr", "vault-key"), (text) => text.replaceAll("primary-replication", "other")),
    /^The key policy of dr refuses kms:Encrypt to the replication role of prod/,
  ],
  "a runner that may not write a tier": [
    (stacks) =>
      changePolicy(inputsOf(stacks, "prod", "schedule-runner-role-policy"), (text) =>
        text.replaceAll(/,"arn:aws:s3:::[a-z0-9-]+\/annual\/\*"/g, ""),
      ),
    /^The role of prod's scheduled backups lacks s3:PutObject on annual\/, so the tier annual is never filled/,
  ],
  "a schedule with an end": [
    (stacks) => (inputsOf(stacks, "prod", "schedule-rate")["endDate"] = "2028-01-01T00:00:00Z"),
    /^The backup schedule of prod has a endDate that the plan can't simulate/,
  ],
};

describe("the shipped stacks", () => {
  it("pass the plan and the policies", () => {
    expect(refusalsOf(shipped, 9)).toEqual([]);
    expect(keepEveryPromise(shipped, FIRST_DAY)).toEqual([]);
  });
});

describe.each(Object.entries({ ...MUTATIONS, ...FURTHER }))("%s", (_, [change, sentence, years = 9]) => {
  const mutated = () => {
    const stacks = structuredClone(shipped);
    change(stacks);
    return stacks;
  };

  it("is refused by the plan", () =>
    expect(refusalsOf(mutated(), years)).toContainEqual(expect.stringMatching(sentence)));

  it("is refused by the policies", () =>
    expect(keepEveryPromise(mutated(), FIRST_DAY)).toContainEqual(expect.stringMatching(sentence)));
});
