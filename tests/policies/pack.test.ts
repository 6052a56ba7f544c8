import { readFileSync } from "node:fs";

import { describe, expect, it, jest } from "@jest/globals";
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";

import { tiersToLifecycleRules } from "../../components/lifecycleRules.ts";
import { serviceTrust } from "../../components/schedulePolicies.ts";
import { signingKeyPolicy } from "../../components/signingKey.ts";
import { bucketPolicy } from "../../components/vaultPolicies.ts";
import { TIERS } from "../../planning/tiers.ts";
import { configureVaultTrail } from "../../policies/aws/cloudtrail/Trail/configureVaultTrail.ts";
import { disallowPlainSecrets } from "../../policies/aws/codebuild/Project/disallowPlainSecrets.ts";
import { confineServiceTrust } from "../../policies/aws/iam/Role/confineServiceTrust.ts";
import { protectVaultKey } from "../../policies/aws/kms/Key/protectVaultKey.ts";
import { restrictSigning } from "../../policies/aws/kms/Key/restrictSigning.ts";
import { enableObjectLock } from "../../policies/aws/s3/Bucket/enableObjectLock.ts";
import { protectVault } from "../../policies/aws/s3/Bucket/protectVault.ts";
import {
  configureRetention,
  retentionOf,
} from "../../policies/aws/s3/BucketLifecycleConfiguration/configureRetention.ts";
import { requireTls } from "../../policies/aws/s3/BucketPolicy/requireTls.ts";
import { blockPublicAccess } from "../../policies/aws/s3/BucketPublicAccessBlock/blockPublicAccess.ts";
import { configureKmsKey } from "../../policies/aws/s3/BucketServerSideEncryptionConfiguration/configureKmsKey.ts";
import { enableVersioning } from "../../policies/aws/s3/BucketVersioning/enableVersioning.ts";
import { configureBackupInterval } from "../../policies/aws/scheduler/Schedule/configureBackupInterval.ts";
import { missingSchedule } from "../../policies/castchat/BackupSchedule/missingSchedule.ts";
import { missingParts } from "../../policies/castchat/BackupVault/missingParts.ts";
import { missingReplica } from "../../policies/castchat/BackupVault/missingReplica.ts";
import { POLICIES } from "../../policies/pack.ts";
import { VAULT_PARTS } from "../../policies/stacks/vaults.ts";
import { SITE } from "../components/siteArgs.ts";
import { CLOSED } from "../support/closed.ts";
import { decade } from "../support/decade.ts";

const VAULT = "urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite$castchat:index:BackupVault";
const SIGNING = "urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite$castchat:index:SigningKey";
const AUDIT = `${VAULT}$castchat:index:AuditTrail`;

type Props = Record<string, unknown>;

interface Case {
  policy: ResourceValidationPolicy;
  /** The component that contains the resource. @default - the vault */
  owner?: string;
  /** Pulumi's type of the checked resource. */
  type: string;
  /** A resource that keeps the policy. Each row of `broken` breaks one field of it. */
  kept: Props;
  broken: Record<string, [change: Props, message: RegExp]>;
}

const tlsPolicy = (change: Props) => {
  const document = bucketPolicy({ site: SITE, tiers: TIERS });
  return { policy: JSON.stringify({ ...document, Statement: [{ ...document.Statement[0], ...change }] }) };
};
/** The signing key's policy with another statement about signing. */
const signingPolicy = (change: Props) => {
  const document = signingKeyPolicy(SITE);
  const changed = document.Statement.map((one) => (one["Sid"] === "SignersOnly" ? { ...one, ...change } : one));
  return { policy: JSON.stringify({ ...document, Statement: changed }) };
};
const sparing = (...arns: string[]) => ({ Condition: { ArnNotLike: { "aws:PrincipalArn": arns } } });
const rulesWith = (index: number, change: Props) => ({
  rules: tiersToLifecycleRules(TIERS).map((rule, at) => (at === index ? { ...rule, ...change } : rule)),
});
const selecting = (...fields: object[]) => ({ advancedEventSelectors: [{ fieldSelectors: fields }] });
const EVENTS = { field: "eventCategory", equals: ["Data"] };
const OBJECTS = { field: "resources.type", equals: ["AWS::S3::Object"] };
const encryption = (byDefault: Props, bucketKeyEnabled = true) => ({
  rules: [{ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled }],
});

const OWN_KEY = { sseAlgorithm: "aws:kms", kmsMasterKeyId: "arn" };
const NO_TLS = { "aws:SecureTransport": "false" };

const CASES: Case[] = [
  {
    policy: enableObjectLock,
    type: "aws:s3/bucket:Bucket",
    kept: { objectLockEnabled: true },
    broken: {
      "lock switched off": [{ objectLockEnabled: false }, /^The backup vault's bucket must have Object Lock/],
      "lock not set": [{ objectLockEnabled: undefined }, /must have Object Lock/],
    },
  },
  {
    policy: protectVault,
    type: "aws:s3/bucket:Bucket",
    kept: {},
    broken: { forceDestroy: [{ forceDestroy: true }, /must not have forceDestroy/] },
  },
  {
    policy: protectVaultKey,
    type: "aws:kms/key:Key",
    kept: { enableKeyRotation: true },
    broken: { "no rotation": [{ enableKeyRotation: false }, /must be rotated/] },
  },
  {
    policy: restrictSigning,
    owner: SIGNING,
    type: "aws:kms/key:Key",
    kept: { policy: JSON.stringify(signingKeyPolicy(SITE)) },
    broken: {
      "no policy": [{ policy: undefined }, /kms:Sign .*kms:PutKeyPolicy .*kms:ScheduleKeyDeletion /s],
      "an allow": [signingPolicy({ Effect: "Allow" }), /must deny kms:Sign to all but named principals/],
      "one principal": [signingPolicy({ Principal: { AWS: "arn:aws:iam::1:root" } }), /must deny kms:Sign/],
      "another action": [signingPolicy({ Action: "kms:Verify" }), /must deny kms:Sign/],
      "a further condition": [
        signingPolicy({ Condition: { ...sparing("arn:aws:iam::1:role/a").Condition, Bool: NO_TLS } }),
        /must deny kms:Sign/,
      ],
      "all spared": [signingPolicy(sparing("arn:aws:iam::111111111111:role/*")), /must deny kms:Sign/],
      "none spared by name": [signingPolicy({ Condition: undefined }), /must deny kms:Sign/],
    },
  },
  {
    policy: configureKmsKey,
    type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    kept: encryption(OWN_KEY),
    broken: {
      "S3's own encryption": [encryption({ ...OWN_KEY, sseAlgorithm: "AES256" }), /"aws:kms", not "AES256"/],
      "AWS's own key": [encryption({ sseAlgorithm: "aws:kms" }), /a key of its own/],
      "no bucket key": [encryption(OWN_KEY, false), /must have a bucket key/],
      "no rule": [{ rules: [] }, /not "none"/],
    },
  },
  {
    policy: enableVersioning,
    type: "aws:s3/bucketVersioning:BucketVersioning",
    kept: { versioningConfiguration: { status: "Enabled" } },
    broken: {
      suspended: [{ versioningConfiguration: { status: "Suspended" } }, /must be "Enabled", not "Suspended"/],
    },
  },
  {
    policy: blockPublicAccess,
    type: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    kept: CLOSED,
    broken: {
      ...Object.fromEntries(
        Object.keys(CLOSED).map((name) => [`${name} off`, [{ [name]: false }, new RegExp(`set ${name} to true`)]]),
      ),
      "one not said": [{ blockPublicAcls: undefined }, /set blockPublicAcls to true/],
    },
  },
  {
    policy: requireTls,
    type: "aws:s3/bucketPolicy:BucketPolicy",
    kept: { policy: JSON.stringify(bucketPolicy({ site: SITE, tiers: TIERS })) },
    broken: {
      "an allow": [tlsPolicy({ Effect: "Allow" }), /must deny s3:\*/],
      "one principal": [tlsPolicy({ Principal: { AWS: "arn:aws:iam::1:root" } }), /must deny/],
      "some actions": [tlsPolicy({ Action: "s3:GetObject" }), /must deny/],
      "only the objects": [tlsPolicy({ Resource: ["arn:aws:s3:::b/*"] }), /must deny/],
      "only the bucket": [tlsPolicy({ Resource: "arn:aws:s3:::b" }), /must deny/],
      "the other way round": [tlsPolicy({ Condition: { Bool: { "aws:SecureTransport": "true" } } }), /must deny/],
      "a further condition": [
        tlsPolicy({ Condition: { Bool: NO_TLS, IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } }),
        /must deny/,
      ],
      "no statement": [{ policy: '{"Version":"2012-10-17"}' }, /must deny/],
    },
  },
  {
    policy: configureRetention,
    type: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    kept: { rules: tiersToLifecycleRules(TIERS) },
    broken: {
      "daily a day short": [
        rulesWith(0, { expiration: { days: 29 } }),
        /daily backups for at least 30 days; .* after 29/,
      ],
      "weekly a day short": [rulesWith(1, { expiration: { days: 91 } }), /weekly backups for at least 92 days/],
      "monthly a day short": [rulesWith(2, { expiration: { days: 365 } }), /monthly backups for at least 366 days/],
      "annual a day short": [rulesWith(3, { expiration: { days: 1826 } }), /annual backups for at least 1827 days/],
      "a rule over the whole bucket": [rulesWith(4, { expiration: { days: 30 } }), /weekly backups .* rule "clean-up"/],
      "a rule over a part of a tier": [
        rulesWith(4, { filter: { prefix: "daily/2026" }, expiration: { days: 1 } }),
        /daily/,
      ],
      "a rule over a part of a tier, by size": [
        rulesWith(4, { filter: { and: { prefix: "annual/", objectSizeLessThan: 1000 } }, expiration: { days: 30 } }),
        /annual backups for at least 1827 days; .* after 30/,
      ],
      "an archive class": [
        rulesWith(3, { transitions: [{ days: 30, storageClass: "DEEP_ARCHIVE" }] }),
        /must not move annual backups to DEEP_ARCHIVE/,
      ],
    },
  },
  {
    policy: configureVaultTrail,
    owner: AUDIT,
    type: "aws:cloudtrail/trail:Trail",
    kept: { ...selecting(EVENTS, OBJECTS), enableLogFileValidation: true },
    broken: {
      "no data events": [{ advancedEventSelectors: undefined }, /must record the data events/],
      "another kind of event": [selecting({ ...EVENTS, equals: ["Management"] }, OBJECTS), /must record/],
      "only writes": [selecting(EVENTS, OBJECTS, { field: "readOnly", equals: ["false"] }), /must record/],
      "logging off": [{ enableLogging: false }, /must be on/],
      "no validation": [{ enableLogFileValidation: false }, /must be verifiable/],
    },
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

/** What a policy over a whole stack reports about these resources. */
function reportsOf(policy: StackValidationPolicy, resources: unknown[]) {
  const report = jest.fn<(message: string, urn?: string) => void>();
  void policy.validateStack({ resources } as StackValidationArgs, report);
  return report.mock.calls;
}

describe.each(CASES)("$policy.name", ({ policy, type, kept, broken, owner = VAULT }) => {
  const urn = `${owner}$${type}::vault-part`;

  it("is kept by a correct vault", () => expect(violationsOf(policy, argsOf(type, kept, { urn }))).toEqual([]));

  it.each(Object.entries(broken))("fires on %s", (_, [change, message]) => {
    const violations = violationsOf(policy, argsOf(type, { ...kept, ...change }, { urn }));
    expect(violations.length).toBeGreaterThan(0);
    expect(violations.join("\n")).toMatch(message);
    for (const violation of violations) expect(violation).toMatch(/^The backup vault.*\.$/s);
  });

  if ([protectVault, protectVaultKey, configureVaultTrail].includes(policy))
    it("fires on an unprotected one", () => {
      const violations = violationsOf(policy, argsOf(type, kept, { protect: false, urn }));
      expect(violations).toEqual([expect.stringMatching(/must be protected; remove the setting disposableVault\.$/)]);
    });

  it("ignores what is not part of a vault", () => {
    const [change] = Object.values(broken)[0]!;
    for (const elsewhere of [
      `urn:pulumi:prod::castchat-recovery::${type}::logs`,
      `${VAULT}$other:index:Part$${type}::p`,
    ]) {
      const args = argsOf(type, { ...kept, ...change }, { urn: elsewhere, protect: false });
      expect(violationsOf(policy, args)).toEqual([]);
    }
  });

  it("doesn't apply to another type", () =>
    expect(() => violationsOf(policy, argsOf("aws:sqs/queue:Queue", {}))).toThrow("doesn't apply"));
});

describe(missingParts.name, () => {
  const vault = { type: "castchat:index:BackupVault", urn: `${VAULT}::vault`, name: "vault" } as PolicyResource;
  const parts = Object.keys(VAULT_PARTS).map((type) => ({ type, urn: `${VAULT}$${type}::part`, parent: vault }));
  const check = (resources: unknown[]) => reportsOf(missingParts, resources);

  it("is kept by a vault with all of its parts", () => expect(check([vault, ...parts])).toEqual([]));

  it("fires on a stack without a vault", () =>
    expect(check([])).toEqual([["The stack must have a backup vault; declare a BackupVault component."]]));

  it.each(Object.entries(VAULT_PARTS))("fires if there is no %s", (type, part) => {
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

describe("retentionOf", () => {
  it("follows a table with one more tier", () => {
    const type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
    const check = (keptDays?: number) => {
      const rules = tiersToLifecycleRules([...TIERS, decade(keptDays)]);
      return violationsOf(retentionOf([...TIERS, decade()]), argsOf(type, { rules }));
    };
    expect(check()).toEqual([]);
    expect(check(3652)).toEqual([
      'The backup vault must keep decade backups for at least 3653 days; lifecycle rule "decade" expires them after 3652.',
    ]);
  });
});

describe(missingReplica.name, () => {
  const site = (type: string) => ({ type, urn: "urn:site", name: "site" }) as PolicyResource;
  const vaultOf = (parent: PolicyResource) =>
    ({ type: "castchat:index:BackupVault", urn: `${VAULT}::vault`, name: "vault", parent }) as PolicyResource;
  const primary = vaultOf(site("castchat:index:PrimarySite"));
  const replication = (status: string, parent = primary) => ({
    type: "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    parent,
    props: { rules: [{ status }] },
  });
  const check = (resources: unknown[]) => reportsOf(missingReplica, resources);

  it("is kept by a primary's vault with a replica, and by a standby's without", () => {
    expect(check([primary, replication("Enabled")])).toEqual([]);
    expect(check([vaultOf(site("castchat:index:StandbySite"))])).toEqual([]);
  });

  it.each([
    ["no replication", []],
    ["a rule that is switched off", [replication("Disabled")]],
    ["another vault's replication", [replication("Enabled", { ...primary, urn: "urn:other" })]],
  ])("warns of %s", (_, resources) =>
    expect(check([primary, ...resources])).toEqual([
      [expect.stringMatching(/^The backup vault "vault" has no replica, .* standbyVaultBucketArn .*\.$/), primary.urn],
    ]),
  );
});

describe(missingSchedule.name, () => {
  const SITE_URN = "urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite::primary";
  const site = (type: string) => ({ type, urn: SITE_URN, name: "primary" }) as PolicyResource;
  const part = (type: string, name: string, parent = SITE_URN) => ({ type, name, parent: { urn: parent } });
  const check = (...resources: unknown[]) => reportsOf(missingSchedule, resources);
  const primary = site("castchat:index:PrimarySite");
  const standby = site("castchat:index:StandbySite");
  const database = part("castchat:index:Database", "database");
  const schedule = part("castchat:index:BackupSchedule", "schedule");

  it("is kept by a site with both or neither, and by a drill", () => {
    expect(check(primary, database, schedule)).toEqual([]);
    expect(check(standby)).toEqual([]);
    expect(check(standby, part("castchat:index:Database", "drill-database"))).toEqual([]);
  });

  it.each([
    ["a primary without", [primary, database]],
    ["an active standby without", [standby, database]],
    ["another site's", [primary, database, part("castchat:index:BackupSchedule", "schedule", "urn:other")]],
  ])("fires on %s", (_, resources) =>
    expect(check(...resources)).toEqual([
      [
        'The site "primary" must take scheduled backups of its database "database"; declare a BackupSchedule beside it.',
        SITE_URN,
      ],
    ]),
  );
});

describe(configureBackupInterval.name, () => {
  const type = "aws:scheduler/schedule:Schedule";
  const urn = `urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite$castchat:index:BackupSchedule$${type}::rate`;
  const check = (props: Props, at = urn) => violationsOf(configureBackupInterval, argsOf(type, props, { urn: at }));

  it.each(["rate(1 hour)", "rate(6 hours)", "rate(21 hours)", "rate(30 minutes)"])(
    "is kept by %s",
    (scheduleExpression) => expect(check({ scheduleExpression, state: "ENABLED" })).toEqual([]),
  );

  it.each([
    ["rate(22 hours)", {}, /at least every 21 hours.* it runs every 22\.$/],
    ["rate(1 day)", {}, /it runs every 24\.$/],
    ["cron(0 2 * * ? *)", {}, /must be a rate/],
    ["rate(6 hours)", { state: "DISABLED" }, /must be enabled/],
  ])("fires on %s %j", (scheduleExpression, more, message) =>
    expect(check({ scheduleExpression, ...more })).toEqual([expect.stringMatching(message)]),
  );

  it("ignores other schedules", () => {
    const other = `urn:pulumi:prod::castchat-recovery::${type}::other`;
    expect(check({ scheduleExpression: "rate(7 days)" }, other)).toEqual([]);
  });
});

describe(disallowPlainSecrets.name, () => {
  const type = "aws:codebuild/project:Project";
  const check = (...environmentVariables: Props[]) =>
    violationsOf(disallowPlainSecrets, argsOf(type, { environment: { environmentVariables } }));

  const settings = '{"endpointAws":"http://127.0.0.1:1","keys":"BEGIN PUBLIC KEY"}';

  it("is kept by references and by variables that are not secret", () =>
    expect(
      check(
        { name: "DATABASE_URL", type: "SECRETS_MANAGER", value: "arn:DATABASE_URL" },
        { name: "RUNNER_SETTINGS", type: "PLAINTEXT", value: settings },
        { name: "KEYBOARD", value: "us" },
      ),
    ).toEqual([]));

  it.each([
    [{ name: "DATABASE_URL", value: "x" }],
    [{ name: "GITHUB_TOKEN", type: "PLAINTEXT", value: "x" }],
    [{ name: "PG_PASSWORD", value: "x" }],
    [{ name: "ADDRESS", value: "postgres://u:swordfish@h/db" }],
    [{ name: "PEM", value: "-----BEGIN EC PRIVATE KEY-----" }],
  ])("fires on %j", (variable) => {
    expect(check(variable)).toEqual([expect.stringMatching(/^The build must not hold \w+ as a plain variable;/)]);
    expect(check(variable).join()).not.toContain("swordfish");
  });
});

describe(confineServiceTrust.name, () => {
  const source = "arn:aws:codebuild:ap-northeast-1:111111111111:project/p";
  const trust = serviceTrust("codebuild.amazonaws.com", SITE, source);
  const check = (...changes: Props[]) =>
    violationsOf(
      confineServiceTrust,
      argsOf("aws:iam/role:Role", {
        assumeRolePolicy: JSON.stringify({
          Statement: changes.map((change) => ({ ...trust.Statement[0], ...change })),
        }),
      }),
    );
  const account = { StringEquals: { "aws:SourceAccount": "111111111111" } };
  const resource = { ArnLike: { "aws:SourceArn": source } };

  it("is kept by the project's own trust, by people, by a refusal, and by S3, for which AWS documents no source", () => {
    expect(check({}, { Condition: { ...account, ...resource } })).toEqual([]);
    expect(check({ Principal: { AWS: "arn:aws:iam::111111111111:root" }, Condition: undefined })).toEqual([]);
    expect(check({ Effect: "Deny", Condition: undefined })).toEqual([]);
    expect(check({ Principal: { Service: "s3.amazonaws.com" }, Condition: undefined })).toEqual([]);
  });

  it.each([
    ["no condition", { Condition: undefined }, "aws:SourceAccount and aws:SourceArn"],
    ["only the account", { Condition: account }, "aws:SourceArn"],
    ["only the resource", { Condition: resource }, "aws:SourceAccount"],
    ["any resource", { Condition: { ...account, ArnLike: { "aws:SourceArn": ["*"] } } }, "aws:SourceArn"],
    ["all but one", { Condition: { ...account, ArnNotLike: { "aws:SourceArn": source } } }, "aws:SourceArn"],
    ["a key that may be absent", { Condition: { ...account, ArnLikeIfExists: resource.ArnLike } }, "aws:SourceArn"],
  ])("fires on %s", (_, change, missing) =>
    expect(check({}, change)).toEqual([
      `The role must let codebuild.amazonaws.com assume it only under a condition on ${missing}; another resource of the service could act with it.`,
    ]),
  );

  it("names each service beside S3", () => {
    const services = ["s3.amazonaws.com", "scheduler.amazonaws.com", "codebuild.amazonaws.com"];
    expect(check({ Principal: { Service: services }, Condition: account })).toEqual([
      expect.stringContaining("must let scheduler.amazonaws.com, codebuild.amazonaws.com assume it"),
    ]);
  });
});

describe("the pack", () => {
  it("contains every policy that is tested here", () =>
    expect(POLICIES.map(({ name }) => name).sort()).toEqual(
      [
        ...CASES.map(({ policy }) => policy.name),
        missingParts.name,
        missingReplica.name,
        missingSchedule.name,
        configureBackupInterval.name,
        disallowPlainSecrets.name,
        confineServiceTrust.name,
      ].sort(),
    ));

  it.each(POLICIES)("$name refuses, and says what to do", (policy) => {
    // A first `up` may come before there is a standby.
    expect(policy.enforcementLevel).toBe(policy === missingReplica ? "advisory" : "mandatory");
    expect(policy.description).toMatch(/\.$/);
    expect(policy.remediationSteps).toMatch(/\.$/);
  });

  it("has a version", () => {
    const { version } = JSON.parse(readFileSync("policies/package.json", "utf8")) as { version: string };
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
