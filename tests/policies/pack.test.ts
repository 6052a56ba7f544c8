import { readFileSync } from "node:fs";

import { describe, expect, it, jest } from "@jest/globals";
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
} from "@pulumi/policy";

import { bucketPolicy } from "../../components/vaultPolicies.ts";
import { tiersToLifecycleRules } from "../../components/lifecycleRules.ts";
import { TIERS } from "../../planning/tiers.ts";
import { protectVaultKey } from "../../policies/aws/kms/Key/protectVaultKey.ts";
import { enableObjectLock } from "../../policies/aws/s3/Bucket/enableObjectLock.ts";
import { protectVault } from "../../policies/aws/s3/Bucket/protectVault.ts";
import { configureRetention } from "../../policies/aws/s3/BucketLifecycleConfiguration/configureRetention.ts";
import { requireTls } from "../../policies/aws/s3/BucketPolicy/requireTls.ts";
import { blockPublicAccess } from "../../policies/aws/s3/BucketPublicAccessBlock/blockPublicAccess.ts";
import { configureKmsKey } from "../../policies/aws/s3/BucketServerSideEncryptionConfiguration/configureKmsKey.ts";
import { enableVersioning } from "../../policies/aws/s3/BucketVersioning/enableVersioning.ts";
import { missingParts } from "../../policies/castchat/BackupVault/missingParts.ts";
import { POLICIES } from "../../policies/pack.ts";
import { VAULT_PARTS } from "../../policies/vaults.ts";

const VAULT = "urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite$castchat:index:BackupVault";
const SITE = { project: "p", role: "primary", accountId: "111111111111", region: "ap-northeast-1" } as const;

type Props = Record<string, unknown>;

interface Case {
  policy: ResourceValidationPolicy;
  /** Pulumi's type of the resource that it looks at. */
  type: string;
  /** A resource that keeps it, each in one field broken by a row of `broken`. */
  kept: Props;
  broken: [what: string, change: Props, message: RegExp][];
}

const tlsPolicy = (change: Props) => {
  const document = bucketPolicy(SITE);
  return { policy: JSON.stringify({ ...document, Statement: [{ ...document.Statement[0], ...change }] }) };
};
const rulesWith = (index: number, change: Props) => ({
  rules: tiersToLifecycleRules(TIERS).map((rule, at) => (at === index ? { ...rule, ...change } : rule)),
});
const encryption = (byDefault: Props, bucketKeyEnabled = true) => ({
  rules: [{ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled }],
});
const closed = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };

const CASES: Case[] = [
  {
    policy: enableObjectLock,
    type: "aws:s3/bucket:Bucket",
    kept: { objectLockEnabled: true },
    broken: [
      ["lock switched off", { objectLockEnabled: false }, /^The backup vault's bucket must have Object Lock/],
      ["lock not said", { objectLockEnabled: undefined }, /must have Object Lock/],
    ],
  },
  {
    policy: protectVault,
    type: "aws:s3/bucket:Bucket",
    kept: {},
    broken: [["forceDestroy", { forceDestroy: true }, /must not have forceDestroy/]],
  },
  {
    policy: protectVaultKey,
    type: "aws:kms/key:Key",
    kept: { enableKeyRotation: true },
    broken: [["no rotation", { enableKeyRotation: false }, /must be rotated/]],
  },
  {
    policy: configureKmsKey,
    type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    kept: encryption({ sseAlgorithm: "aws:kms", kmsMasterKeyId: "arn" }),
    broken: [
      ["S3's own encryption", encryption({ sseAlgorithm: "AES256", kmsMasterKeyId: "arn" }), /"aws:kms", not "AES256"/],
      ["AWS's own key", encryption({ sseAlgorithm: "aws:kms" }), /a key of its own/],
      [
        "no bucket key",
        encryption({ sseAlgorithm: "aws:kms", kmsMasterKeyId: "arn" }, false),
        /must have a bucket key/,
      ],
      ["no rule", { rules: [] }, /not "none"/],
    ],
  },
  {
    policy: enableVersioning,
    type: "aws:s3/bucketVersioning:BucketVersioning",
    kept: { versioningConfiguration: { status: "Enabled" } },
    broken: [["suspended", { versioningConfiguration: { status: "Suspended" } }, /must be "Enabled", not "Suspended"/]],
  },
  {
    policy: blockPublicAccess,
    type: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    kept: closed,
    broken: [
      ...Object.keys(closed).map((name): Case["broken"][number] => [
        `${name} off`,
        { [name]: false },
        new RegExp(`set ${name} to true`),
      ]),
      ["one not said", { blockPublicAcls: undefined }, /set blockPublicAcls to true/],
    ],
  },
  {
    policy: requireTls,
    type: "aws:s3/bucketPolicy:BucketPolicy",
    kept: { policy: JSON.stringify(bucketPolicy(SITE)) },
    broken: [
      ["an allow", tlsPolicy({ Effect: "Allow" }), /must deny s3:\*/],
      ["one principal", tlsPolicy({ Principal: { AWS: "arn:aws:iam::1:root" } }), /must deny/],
      ["some actions", tlsPolicy({ Action: "s3:GetObject" }), /must deny/],
      ["objects alone", tlsPolicy({ Resource: ["arn:aws:s3:::b/*"] }), /must deny/],
      ["the bucket alone", tlsPolicy({ Resource: "arn:aws:s3:::b" }), /must deny/],
      ["the other way round", tlsPolicy({ Condition: { Bool: { "aws:SecureTransport": "true" } } }), /must deny/],
      [
        "a further condition",
        tlsPolicy({
          Condition: { Bool: { "aws:SecureTransport": "false" }, IpAddress: { "aws:SourceIp": "10.0.0.0/8" } },
        }),
        /must deny/,
      ],
      ["no statement", { policy: '{"Version":"2012-10-17"}' }, /must deny/],
    ],
  },
  {
    policy: configureRetention,
    type: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    kept: { rules: tiersToLifecycleRules(TIERS) },
    broken: [
      [
        "daily a day short",
        rulesWith(0, { expiration: { days: 29 } }),
        /daily backups for at least 30 days; .* after 29/,
      ],
      ["weekly a day short", rulesWith(1, { expiration: { days: 91 } }), /weekly backups for at least 92 days/],
      ["monthly a day short", rulesWith(2, { expiration: { days: 365 } }), /monthly backups for at least 366 days/],
      ["annual a day short", rulesWith(3, { expiration: { days: 1826 } }), /annual backups for at least 1827 days/],
      ["a rule over the whole bucket", rulesWith(4, { expiration: { days: 30 } }), /weekly backups .* rule "clean-up"/],
      [
        "a rule over a part of a tier",
        rulesWith(4, { filter: { prefix: "daily/2026" }, expiration: { days: 1 } }),
        /daily/,
      ],
      [
        "a class that sleeps",
        rulesWith(3, { transitions: [{ days: 30, storageClass: "DEEP_ARCHIVE" }] }),
        /must not move annual backups to DEEP_ARCHIVE/,
      ],
    ],
  },
];

function argsOf(type: string, props: Props, { protect = true, urn = `${VAULT}$${type}::vault-part` } = {}) {
  const isType = (resourceClass: { __pulumiType?: string }) => resourceClass.__pulumiType === type;
  return {
    type,
    props,
    urn,
    name: "vault-part",
    opts: { protect, ignoreChanges: [], aliases: [], customTimeouts: {}, additionalSecretOutputs: [] },
    isType,
    asType: (resourceClass: { __pulumiType?: string }) => (isType(resourceClass) ? props : undefined),
    getConfig: () => ({}),
    notApplicable: () => {
      throw new Error("the policy doesn't apply");
    },
  } as unknown as ResourceValidationArgs;
}

function violationsOf(policy: ResourceValidationPolicy, args: ResourceValidationArgs): string[] {
  const report = jest.fn<(message: string) => void>();
  const { validateResource } = policy;
  if (typeof validateResource !== "function") throw new Error(`${policy.name} has no single check`);
  void validateResource(args, report);
  return report.mock.calls.map(([message]) => message);
}

describe.each(CASES)("$policy.name", ({ policy, type, kept, broken }) => {
  it("is kept by a vault as it should be", () => expect(violationsOf(policy, argsOf(type, kept))).toEqual([]));

  it.each(broken)("fires on %s", (_, change, message) => {
    const violations = violationsOf(policy, argsOf(type, { ...kept, ...change }));
    expect(violations.length).toBeGreaterThan(0);
    expect(violations.join("\n")).toMatch(message);
    for (const violation of violations) expect(violation).toMatch(/^The backup vault.*\.$/s);
  });

  it("leaves what is no part of a vault alone", () => {
    const [, change] = broken[0]!;
    const urn = `urn:pulumi:prod::castchat-recovery::${type}::logs`;
    expect(violationsOf(policy, argsOf(type, { ...kept, ...change }, { urn, protect: false }))).toEqual([]);
  });

  it("doesn't apply to another type", () => {
    expect(() => violationsOf(policy, argsOf("aws:sqs/queue:Queue", {}))).toThrow("doesn't apply");
  });
});

describe.each([
  [protectVault, "aws:s3/bucket:Bucket", {}],
  [protectVaultKey, "aws:kms/key:Key", { enableKeyRotation: true }],
] as [ResourceValidationPolicy, string, Props][])("%#: protection", (policy, type, kept) => {
  it("fires on an unprotected one", () => {
    const violations = violationsOf(policy, argsOf(type, kept, { protect: false }));
    expect(violations).toEqual([expect.stringMatching(/must be protected; leave the setting protect at true\.$/)]);
  });
});

describe(missingParts.name, () => {
  const vault = { type: "castchat:index:BackupVault", urn: `${VAULT}::vault`, name: "vault" } as PolicyResource;
  const parts = Object.keys(VAULT_PARTS).map((type) => ({ type, urn: `${VAULT}$${type}::part`, parent: vault }));
  const check = (resources: unknown[]) => {
    const report = jest.fn<(message: string, urn?: string) => void>();
    void missingParts.validateStack({ resources } as StackValidationArgs, report);
    return report.mock.calls;
  };

  it("is kept by a vault with all of its parts", () => expect(check([vault, ...parts])).toEqual([]));

  it("fires on a stack without a vault", () => {
    expect(check([])).toEqual([["The stack must have a backup vault; declare a BackupVault component."]]);
  });

  it.each(Object.entries(VAULT_PARTS))("fires where there is no %s", (type, part) => {
    const rest = parts.filter((one) => one.type !== type);
    expect(check([vault, ...rest])).toEqual([
      [`The backup vault "vault" must have ${part}; declare it in the component.`, vault.urn],
    ]);
  });

  it("doesn't take another vault's part for this one's", () => {
    const other = { ...vault, urn: `${VAULT}::other`, name: "other" };
    expect(check([vault, other, ...parts])).toHaveLength(parts.length);
  });
});

describe("the pack", () => {
  it("holds every policy that is tested here", () => {
    expect(POLICIES.map(({ name }) => name).sort()).toEqual(
      [...CASES.map(({ policy }) => policy.name), missingParts.name].sort(),
    );
  });

  it.each(POLICIES)("$name refuses, and says what to do", (policy) => {
    expect(policy.enforcementLevel).toBe("mandatory");
    expect(policy.description).toMatch(/\.$/);
    expect(policy.remediationSteps).toMatch(/\.$/);
  });

  it("has a version", () => {
    const { version } = JSON.parse(readFileSync("policies/package.json", "utf8")) as { version: string };
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
