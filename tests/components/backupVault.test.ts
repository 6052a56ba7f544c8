import { describe, expect, it } from "@jest/globals";

import { BackupVault, type BackupVaultArgs } from "../../components/backupVault.ts";
import { tiersToLifecycleRules } from "../../components/lifecycleRules.ts";
import { keepsTrail } from "../../components/policyDocument.ts";
import { bucketPolicy, keyPolicy } from "../../components/vaultPolicies.ts";
import { tierForRun } from "../../planning/calendar.ts";
import type { Site } from "../../planning/names.ts";
import { TIERS } from "../../planning/tiers.ts";
import { CLOSED } from "../support/closed.ts";
import { decade } from "../support/decade.ts";
import { documentOf, inventory, named, registered, statement, valueOf } from "./mocks.ts";
import { OTHER_SITE as STANDBY, SITE as PRIMARY } from "./siteArgs.ts";

const BUCKET = "castchat-recovery-primary-vault-111111111111-ap-northeast-1";
const REPLICA = { bucketArn: "arn:aws:s3:::replica", keyArn: "arn:aws:kms:x:2:key/1", region: "ap-northeast-3" };

const SIGNING = "arn:aws:kms:x:1:key/signing";
const ARGS: BackupVaultArgs = { site: PRIMARY, tiers: TIERS, signingKeyArn: SIGNING };
const declared = (args: Partial<BackupVaultArgs> = {}) =>
  registered(() => new BackupVault("vault", { ...ARGS, ...args }));
const roleOf = ({ accountId, role, region }: Site, purpose: string) =>
  `arn:aws:iam::${accountId}:role/castchat-recovery-${role}-${purpose}-${region}`;
const unless = (...arns: string[]) => ({ ArnNotLike: { "aws:PrincipalArn": arns } });

describe("BackupVault", () => {
  it("consists of these parts, without replication by default", async () => {
    const own = inventory(await declared()).filter((name) => !/ vault-(roles|audit)-/.test(name));
    expect(own).toEqual([
      "aws:kms/alias:Alias vault-key-alias",
      "aws:kms/key:Key vault-key",
      "aws:s3/bucket:Bucket vault-bucket",
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration vault-lifecycle",
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls vault-ownership",
      "aws:s3/bucketPolicy:BucketPolicy vault-policy",
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock vault-public-access",
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration vault-encryption",
      "aws:s3/bucketVersioning:BucketVersioning vault-versioning",
      "castchat:index:AuditTrail vault-audit",
      "castchat:index:BackupVault vault",
      "castchat:index:VaultRoles vault-roles",
    ]);
  });

  it("gives each part exactly these inputs", async () => {
    const resources = await declared();
    const inputs = (name: string) => named(resources, name).inputs;
    expect(inputs("vault-key")).toEqual({
      description: "Encrypts the primary backup vault of castchat-recovery",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: JSON.stringify(keyPolicy(ARGS)),
    });
    const alias = { name: "alias/castchat-recovery-primary-vault", targetKeyId: "vault-key-key-id" };
    expect(inputs("vault-key-alias")).toEqual(alias);
    expect(inputs("vault-bucket")).toEqual({ bucket: BUCKET, objectLockEnabled: true });
    expect(inputs("vault-versioning")).toEqual({ bucket: BUCKET, versioningConfiguration: { status: "Enabled" } });
    const byDefault = { sseAlgorithm: "aws:kms", kmsMasterKeyId: "arn:aws:kms:::key/vault-key" };
    const blocked = { blockedEncryptionTypes: ["SSE-C"] };
    const rules = [{ applyServerSideEncryptionByDefault: byDefault, bucketKeyEnabled: true, ...blocked }];
    expect(inputs("vault-encryption")).toEqual({ bucket: BUCKET, rules });
    expect(inputs("vault-public-access")).toEqual({ bucket: BUCKET, ...CLOSED });
    expect(inputs("vault-ownership")).toEqual({ bucket: BUCKET, rule: { objectOwnership: "BucketOwnerEnforced" } });
    expect(inputs("vault-policy")).toEqual({ bucket: BUCKET, policy: JSON.stringify(bucketPolicy(ARGS)) });
    expect(inputs("vault-lifecycle")).toEqual({ bucket: BUCKET, rules: tiersToLifecycleRules(TIERS) });
  });

  it("replicates every object but no deletion, with a role that may not delete", async () => {
    const resources = await declared({ replicateTo: REPLICA });
    expect(named(resources, "vault-replication").inputs).toEqual({
      bucket: BUCKET,
      role: "arn:aws:iam:::role/castchat-recovery-primary-replication-ap-northeast-1",
      rules: [
        {
          id: "standby",
          status: "Enabled",
          priority: 1,
          filter: { prefix: "" },
          deleteMarkerReplication: { status: "Disabled" },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
          destination: {
            bucket: REPLICA.bucketArn,
            encryptionConfiguration: { replicaKmsKeyId: REPLICA.keyArn },
            replicationTime: { status: "Enabled", time: { minutes: 15 } },
            metrics: { status: "Enabled", eventThreshold: { minutes: 15 } },
          },
        },
      ],
    });
    const { Statement } = documentOf(resources, "vault-replication-policy");
    const actions = Statement.filter(({ Effect }) => Effect === "Allow").flatMap(({ Action }) => Action);
    expect(Statement).toContainEqual(keepsTrail(PRIMARY));
    expect(actions).toContain("s3:GetObjectRetention");
    expect(actions.filter((action) => /Delete|Bypass|\*/.test(String(action)))).toEqual([]);
    const s3 = { Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sts:AssumeRole" };
    expect(documentOf(resources, "vault-replication-role", "assumeRolePolicy").Statement).toEqual([s3]);
  });

  it("accepts a replica's source only by the derived name of its role", async () => {
    const resources = await declared({ site: STANDBY, replicaOf: PRIMARY });
    const trusted = {
      Principal: { AWS: "arn:aws:iam::111111111111:root" },
      Condition: { ArnEquals: { "aws:PrincipalArn": roleOf(PRIMARY, "replication") } },
    };
    const policy = documentOf(resources, "vault-policy");
    const writes = { ...trusted, Action: ["s3:ReplicateObject", "s3:ReplicateTags"] };
    expect(statement(policy, "ReplicationWrites")).toMatchObject(writes);
    expect(statement(policy, "ReplicationLooks")).toMatchObject(trusted);
    expect(statement(documentOf(resources, "vault-key"), "ReplicationEncrypts")).toMatchObject({
      Principal: trusted.Principal,
      Action: ["kms:Encrypt", "kms:GenerateDataKey"],
      Condition: { ...trusted.Condition, StringEquals: { "kms:ViaService": "s3.ap-northeast-3.amazonaws.com" } },
    });
  });

  it("works across two accounts: the standby trusts the exact role, and the role reaches the exact bucket and key", async () => {
    const standby = await declared({ site: STANDBY, replicaOf: PRIMARY });
    const replica = `arn:aws:s3:::${String(named(standby, "vault-bucket").inputs["bucket"])}`;
    expect(replica).toBe("arn:aws:s3:::castchat-recovery-standby-vault-222222222222-ap-northeast-3");
    const keyArn = "arn:aws:kms:ap-northeast-3:222222222222:key/1";
    const primary = await declared({ replicateTo: { bucketArn: replica, keyArn, region: STANDBY.region } });
    const { name } = named(primary, "vault-replication-role").inputs;
    const trust = { ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${PRIMARY.accountId}:role/${String(name)}` } };
    expect(statement(documentOf(standby, "vault-policy"), "ReplicationWrites")["Condition"]).toEqual(trust);
    expect(statement(documentOf(standby, "vault-key"), "ReplicationEncrypts")["Condition"]).toMatchObject(trust);
    const reach = documentOf(primary, "vault-replication-policy").Statement;
    const through = { StringEquals: { "kms:ViaService": "s3.ap-northeast-3.amazonaws.com" } };
    for (const one of [
      { Resource: `${replica}/*`, Action: ["s3:ReplicateObject", "s3:ReplicateTags"] },
      { Resource: keyArn, Condition: through },
    ])
      expect(reach).toContainEqual(expect.objectContaining(one));
    const accounts = new Set(JSON.stringify(standby).match(/\b\d{12}\b/g));
    expect([...accounts].sort()).toEqual([PRIMARY.accountId, STANDBY.accountId]);
    const [rules, others] = [standby, primary].map((site) => named(site, "vault-lifecycle").inputs["rules"]);
    expect(rules).toEqual(others);
  });

  it("tags every resource that can have tags", async () => {
    const tags = { owner: "platform" };
    const resources = await declared({ replicateTo: REPLICA, tags });
    const tagged = resources.filter(({ inputs }) => "tags" in inputs).map(({ name }) => name);
    expect(tagged.sort()).toEqual([
      ...["vault-audit-bucket", "vault-audit-trail", "vault-bucket", "vault-key", "vault-replication-role"],
      ...["break-glass", "reader", "restorer", "writer"].map((purpose) => `vault-roles-${purpose}`),
    ]);
    expect(named(resources, "vault-bucket").inputs["tags"]).toEqual(tags);
  });

  it("outputs its bucket, its key's and roles' ARNs, and its log bucket", async () => {
    const outputs: Promise<string>[] = [];
    await registered(() => {
      const vault = new BackupVault("vault", ARGS);
      outputs.push(valueOf(vault.bucket), valueOf(vault.bucketArn), valueOf(vault.keyArn));
      outputs.push(valueOf(vault.auditBucket), valueOf(vault.roleArns["break-glass"]));
    });
    expect(await Promise.all(outputs)).toEqual([
      BUCKET,
      `arn:aws:s3:::${BUCKET}`,
      "arn:aws:kms:::key/vault-key",
      "castchat-recovery-primary-audit-111111111111-ap-northeast-1",
      "arn:aws:iam:::role/castchat-recovery-primary-break-glass-ap-northeast-1",
    ]);
  });
});

describe("bucketPolicy", () => {
  const policy = bucketPolicy(ARGS);
  const replica = bucketPolicy({ site: STANDBY, tiers: TIERS, replicaOf: PRIMARY });
  const deployerArns = ["arn:aws:iam::111111111111:role/ci"];
  const arn = `arn:aws:s3:::${BUCKET}`;

  it("denies plain http, another key, deletion, changes of its protection, and locks beyond a tier's", () => {
    expect(policy.Statement.map(({ Sid, Effect, Principal }) => [Sid, Effect, Principal])).toEqual(
      [
        "TlsOnly",
        "RightKeyOnly",
        "NoKeyOfTheUploader",
        "NobodyDeletes",
        ...["WritersOnly", "RecoveriesLog", "NothingElse", "WrittenOnce", "HoldsOfWriters", "ReplicasOfThePrimary"],
        "DeployerOnly",
        ...["LockLimitdaily", "LockLimitweekly", "LockLimitmonthly", "LockLimitannual"],
      ].map((sid) => [sid, "Deny", "*"]),
    );
    const plain = { Bool: { "aws:SecureTransport": "false" } };
    expect(policy.Statement[0]).toMatchObject({ Action: "s3:*", Resource: [arn, `${arn}/*`], Condition: plain });
    const encrypted = { Null: { "s3:x-amz-server-side-encryption": "false" } };
    expect(policy.Statement[1]).toMatchObject({ Action: "s3:PutObject", Condition: encrypted });
  });

  it("lets the writer and the scheduled runs write backups, and into a replica the primary's replication", () => {
    const writers = [roleOf(STANDBY, "writer"), roleOf(STANDBY, "runner")];
    expect(statement(replica, "WritersOnly")["Condition"]).toEqual(unless(...writers));
    expect(statement(replica, "ReplicasOfThePrimary")["Condition"]).toEqual(unless(roleOf(PRIMARY, "replication")));
    expect(statement(replica, "HoldsOfWriters")).toMatchObject({
      Action: ["s3:PutObjectLegalHold", "s3:PutObjectRetention"],
      Condition: unless(...writers, roleOf(STANDBY, "break-glass")),
    });
    // Nothing replicates into a primary.
    expect(statement(policy, "ReplicasOfThePrimary")).not.toHaveProperty("Condition");
    // S3 takes policies of 20 KB.
    expect(JSON.stringify(replica).length).toBeLessThan(15_000);
  });

  it("exempts only its own account's break-glass role from the ban on deletion", () =>
    expect(statement(replica, "NobodyDeletes")).toMatchObject({
      Action: ["s3:BypassGovernanceRetention", "s3:DeleteObject", "s3:DeleteObjectVersion"],
      Condition: { ArnNotEquals: { "aws:PrincipalArn": roleOf(STANDBY, "break-glass") } },
    }));

  it("uses the given deployers, also in the key's policy", () => {
    for (const document of [bucketPolicy({ ...ARGS, deployerArns }), keyPolicy({ ...ARGS, deployerArns })])
      expect(statement(document, "DeployerOnly")["Condition"]).toEqual(unless(...deployerArns));
  });

  it("lets only break-glass delete the key, and the deployers too if the vault is disposable", () => {
    const ends = (disposable: boolean) => statement(keyPolicy({ ...ARGS, disposable, deployerArns }), "BreakGlassEnds");
    const breakGlass = roleOf(PRIMARY, "break-glass");
    expect(ends(false)).toMatchObject({
      Action: ["kms:DisableKey", "kms:ScheduleKeyDeletion"],
      Condition: unless(breakGlass),
    });
    expect(ends(true)).toMatchObject({ Condition: unless(breakGlass, ...deployerArns) });
  });

  it("accepts no other account unless it is a replica", () =>
    expect(policy.Statement.filter(({ Effect }) => Effect === "Allow")).toEqual([]));
});

describe("one more tier in the table", () => {
  const tiers = [...TIERS, decade()];

  it("appears in the rules, the lock's limit, the roles' permissions, the logs' retention and the calendar", async () => {
    const resources = await declared({ tiers });
    const rules = named(resources, "vault-lifecycle").inputs["rules"] as { id: string }[];
    expect(rules.find(({ id }) => id === "decade")).toMatchObject({
      filter: { prefix: "decade/" },
      expiration: { days: 3653 },
      transitions: [{ days: 30, storageClass: "GLACIER_IR" }],
    });
    expect(statement(documentOf(resources, "vault-policy"), "LockLimitdecade")).toMatchObject({
      Resource: `arn:aws:s3:::${BUCKET}/decade/*`,
      Condition: { NumericGreaterThan: { "s3:object-lock-remaining-retention-days": "3654" } },
    });
    const writes = statement(documentOf(resources, "vault-roles-writer-policy"), "Writes");
    expect(writes["Resource"]).toContain(`arn:aws:s3:::${BUCKET}/decade/*`);
    const logs = named(resources, "vault-audit-lifecycle").inputs["rules"] as { expiration: { days: number } }[];
    expect(logs[0]!.expiration.days).toBe(3653);
    expect(tierForRun(new Date("2027-01-01T02:00:00Z"), tiers, []).name).toBe("decade");
  });
});
