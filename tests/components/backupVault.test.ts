import { describe, expect, it } from "@jest/globals";

import { BackupVault, type BackupVaultArgs } from "../../components/backupVault.ts";
import { tiersToLifecycleRules } from "../../components/lifecycleRules.ts";
import { bucketPolicy, keyPolicy } from "../../components/vaultPolicies.ts";
import type { Site } from "../../planning/names.ts";
import { TIERS } from "../../planning/tiers.ts";
import { inventory, named, registered, valueOf } from "./mocks.ts";

const PRIMARY: Site = {
  project: "castchat-recovery",
  role: "primary",
  accountId: "111111111111",
  region: "ap-northeast-1",
};
const STANDBY: Site = { ...PRIMARY, role: "standby", accountId: "222222222222", region: "ap-northeast-3" };
const BUCKET = "castchat-recovery-primary-vault-111111111111-ap-northeast-1";
const REPLICA = { bucketArn: "arn:aws:s3:::replica", keyArn: "arn:aws:kms:x:2:key/1", region: "ap-northeast-3" };

const declared = (args: Partial<BackupVaultArgs> = {}) =>
  registered(() => new BackupVault("vault", { site: PRIMARY, tiers: TIERS, ...args }));

/** The JSON document of an input. */
const documentOf = (value: unknown) => JSON.parse(String(value)) as { Statement: Record<string, unknown>[] };
const statement = (value: unknown, sid: string) => documentOf(value).Statement.find(({ Sid }) => Sid === sid);

describe("BackupVault", () => {
  it("consists of these parts, and of no replication where none is asked for", async () => {
    expect(inventory(await declared())).toEqual([
      "aws:kms/alias:Alias vault-key-alias",
      "aws:kms/key:Key vault-key",
      "aws:s3/bucket:Bucket vault-bucket",
      "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration vault-lifecycle",
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls vault-ownership",
      "aws:s3/bucketPolicy:BucketPolicy vault-policy",
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock vault-public-access",
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration vault-encryption",
      "aws:s3/bucketVersioning:BucketVersioning vault-versioning",
      "castchat:index:BackupVault vault",
    ]);
  });

  it("gives each part exactly these inputs", async () => {
    const resources = await declared();
    const inputs = (name: string) => named(resources, name).inputs;
    expect(inputs("vault-key")).toEqual({
      description: "Encrypts the primary backup vault of castchat-recovery",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: JSON.stringify(keyPolicy(PRIMARY)),
    });
    expect(inputs("vault-key-alias")).toEqual({
      name: "alias/castchat-recovery-primary-vault",
      targetKeyId: "vault-key-key-id",
    });
    expect(inputs("vault-bucket")).toEqual({ bucket: BUCKET, objectLockEnabled: true });
    expect(inputs("vault-versioning")).toEqual({ bucket: BUCKET, versioningConfiguration: { status: "Enabled" } });
    expect(inputs("vault-encryption")).toEqual({
      bucket: BUCKET,
      rules: [
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: "aws:kms",
            kmsMasterKeyId: "arn:aws:kms:::key/vault-key",
          },
          bucketKeyEnabled: true,
        },
      ],
    });
    expect(inputs("vault-public-access")).toEqual({
      bucket: BUCKET,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(inputs("vault-ownership")).toEqual({ bucket: BUCKET, rule: { objectOwnership: "BucketOwnerEnforced" } });
    expect(inputs("vault-policy")).toEqual({ bucket: BUCKET, policy: JSON.stringify(bucketPolicy(PRIMARY)) });
    expect(inputs("vault-lifecycle")).toEqual({ bucket: BUCKET, rules: tiersToLifecycleRules(TIERS) });
  });

  it("replicates, where asked, every object but no deletion, with a role that may not delete", async () => {
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
    const permissions = named(resources, "vault-replication-policy").inputs["policy"];
    const actions = documentOf(permissions).Statement.flatMap(({ Action }) => Action);
    expect(actions).toContain("s3:GetObjectRetention");
    expect(actions.filter((action) => /Delete|Bypass|\*/.test(String(action)))).toEqual([]);
    const trust = documentOf(named(resources, "vault-replication-role").inputs["assumeRolePolicy"]);
    expect(trust.Statement).toEqual([
      { Effect: "Allow", Principal: { Service: "s3.amazonaws.com" }, Action: "sts:AssumeRole" },
    ]);
  });

  it("lets a replica's source in by the derived name of its role alone", async () => {
    const resources = await declared({ site: STANDBY, replicaOf: PRIMARY });
    const role = "arn:aws:iam::111111111111:role/castchat-recovery-primary-replication-ap-northeast-1";
    const trusted = {
      Principal: { AWS: "arn:aws:iam::111111111111:root" },
      Condition: { ArnEquals: { "aws:PrincipalArn": role } },
    };
    const policy = named(resources, "vault-policy").inputs["policy"];
    expect(statement(policy, "ReplicationWrites")).toMatchObject({
      ...trusted,
      Action: ["s3:ReplicateObject", "s3:ReplicateTags"],
    });
    expect(statement(policy, "ReplicationLooks")).toMatchObject(trusted);
    expect(statement(named(resources, "vault-key").inputs["policy"], "ReplicationEncrypts")).toMatchObject({
      Principal: trusted.Principal,
      Action: ["kms:Encrypt", "kms:GenerateDataKey"],
      Condition: { ...trusted.Condition, StringEquals: { "kms:ViaService": "s3.ap-northeast-3.amazonaws.com" } },
    });
  });

  it("tags what can be tagged", async () => {
    const tags = { owner: "platform" };
    const resources = await declared({ replicateTo: REPLICA, tags });
    const tagged = resources.filter(({ inputs }) => "tags" in inputs).map(({ name }) => name);
    expect(tagged.sort()).toEqual(["vault-bucket", "vault-key", "vault-replication-role"]);
    expect(named(resources, "vault-bucket").inputs["tags"]).toEqual(tags);
  });

  it("puts out its bucket and its key's ARN", async () => {
    const outputs: Promise<string>[] = [];
    await registered(() => {
      const vault = new BackupVault("vault", { site: PRIMARY, tiers: TIERS });
      outputs.push(valueOf(vault.bucket), valueOf(vault.bucketArn), valueOf(vault.keyArn));
    });
    expect(await Promise.all(outputs)).toEqual([BUCKET, `arn:aws:s3:::${BUCKET}`, "arn:aws:kms:::key/vault-key"]);
  });
});

describe("bucketPolicy", () => {
  const policy = bucketPolicy(PRIMARY);
  const arn = `arn:aws:s3:::${BUCKET}`;

  it("denies plain http, encryption of the uploader's choice, and lifting a lock, to everyone", () => {
    expect(policy.Statement.map(({ Sid, Effect, Principal }) => [Sid, Effect, Principal])).toEqual([
      ["TlsOnly", "Deny", "*"],
      ["RightKeyOnly", "Deny", "*"],
      ["NobodyLiftsALock", "Deny", "*"],
    ]);
    expect(policy.Statement[0]).toMatchObject({
      Action: "s3:*",
      Resource: [arn, `${arn}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
    expect(policy.Statement[1]).toMatchObject({
      Action: "s3:PutObject",
      Condition: { Null: { "s3:x-amz-server-side-encryption": "false" } },
    });
  });

  it("lets nobody in from outside unless it is a replica", () => {
    expect(policy.Statement.filter(({ Effect }) => Effect === "Allow")).toEqual([]);
  });
});
