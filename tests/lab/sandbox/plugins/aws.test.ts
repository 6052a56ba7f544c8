import { join } from "node:path";

import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../../lab/sandbox/host/layout.ts";
import { TestStack } from "../../../support/testStack.ts";
import { startMinistackProcess } from "../support/ministackProcess.ts";

const REGION = "ap-northeast-1";
const KEY = { accessKeyId: "AKIASANDBOXPLUGINS00", secretAccessKey: "plugins-secret" };

describe("the sandbox's aws plugin against ministack", () => {
  let stack: TestStack;
  let ministack: number | undefined;
  let endpoint: string;
  let s3: S3;

  beforeAll(async () => {
    stack = await TestStack.create([join(PROJECT_ROOT, "lab/sandbox/plugins/bin")], {
      AWS_ACCESS_KEY_ID: KEY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: KEY.secretAccessKey,
    });
    const started = await startMinistackProcess(stack.folder, KEY.accessKeyId);
    ministack = started.pid;
    endpoint = `http://127.0.0.1:${started.port}`;
    s3 = new S3({ region: REGION, endpoint, credentials: KEY, forcePathStyle: true });
  }, 60_000);
  afterAll(async () => {
    if (ministack !== undefined) process.kill(ministack, "SIGKILL");
    await stack.dispose();
  });

  const program = (vault: string, provider = "") => `
    const aws = require("@pulumi/aws");
    const at = ${JSON.stringify(endpoint)};
    const provider = new aws.Provider("aws", {
      region: "${REGION}", allowedAccountIds: ["000000000000"], s3UsePathStyle: true, defaultTags: { tags: { owner: "castchat" } },
      endpoints: [{ s3: at, kms: at, iam: at, sts: at, secretsmanager: at, cloudtrail: at, codebuild: at, scheduler: at, logs: at, sqs: at }], ${provider}
    });
    const mine = { provider };
    ${vault}`;

  it("creates every type, changes nothing twice, shows drift and lost parts, destroys", async () => {
    await stack.program(program(VAULT));
    await stack.must("up", "--yes", "--skip-preview");
    // A refresh reads every type back as the program has written it.
    expect(await stack.previewSummary("--refresh")).toEqual({ same: 27 });
    const outputs = JSON.parse(await stack.must("stack", "output", "--json")) as Record<string, string>;
    expect(outputs["pem"]).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(outputs).toMatchObject({ account: "000000000000", region: REGION });
    expect(outputs["role"]).toMatch(/^replicator-[0-9a-f]{7}$/);
    expect(await stack.rawState()).not.toContain("swordfish");

    await s3.deleteBucketPolicy({ Bucket: "plugins-vault" });
    const open = {
      BlockPublicAcls: false,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    };
    await s3.putPublicAccessBlock({ Bucket: "plugins-vault", PublicAccessBlockConfiguration: open });
    const drift = await stack.must("refresh", "--yes", "--diff");
    expect(drift).toContain("blockPublicAcls");
    expect(drift).toMatch(/1 deleted/);
    expect(await stack.previewSummary()).toEqual({ same: 25, create: 1, update: 1 });

    await stack.program(
      program(
        VAULT.replaceAll("days: 30", "days: 45")
          .replace("rate(6 hours)", "rate(1 hour)")
          .replace("buildTimeout: 120", "buildTimeout: 60")
          .replace('about: "plain"', 'about: "changed"'),
      ),
    );
    await stack.must("up", "--yes", "--skip-preview");
    expect(await stack.previewSummary("--refresh")).toEqual({ same: 27 });

    await stack.must("destroy", "--yes", "--skip-preview");
  }, 180_000);

  it("refuses duplicates and other accounts", async () => {
    const twice = `const first = new aws.s3.Bucket("first", { bucket: "plugins-a" }, mine);
      new aws.s3.Bucket("second", { bucket: "plugins-a" }, { ...mine, dependsOn: [first] });
      const key = new aws.kms.Key("key", {}, mine);
      const alias = new aws.kms.Alias("alias", { name: "alias/plugins", targetKeyId: key.keyId }, mine);
      new aws.kms.Alias("again", { name: "alias/plugins", targetKeyId: key.keyId }, { ...mine, dependsOn: [alias] });`;
    await stack.program(program(twice));
    const duplicates = await stack.run("up", "--yes", "--skip-preview", "--continue-on-error");
    expect(duplicates.code).not.toBe(0);
    expect(duplicates.text).toContain("creating S3 Bucket (plugins-a): BucketAlreadyOwnedByYou");
    expect(duplicates.text).toContain("creating KMS Alias (alias/plugins): AlreadyExistsException");
    await stack.must("destroy", "--yes", "--skip-preview");

    await stack.program(program('new aws.kms.Key("key", {}, mine);').replace("000000000000", "111111111111"));
    expect((await stack.run("preview")).text).toContain("AWS account 000000000000 is not one of the allowed accounts");
  }, 120_000);

  it("imports by id", async () => {
    const bucket = (options: string) =>
      program(`new aws.s3.Bucket("b", { bucket: "plugins-kept", tags: { a: "b" } }, { ...mine, ${options} });`);
    await stack.program(bucket("retainOnDelete: true"));
    await stack.must("up", "--yes", "--skip-preview");
    await stack.must("destroy", "--yes", "--skip-preview");
    await stack.program(bucket('import: "plugins-kept"'));
    await stack.must("up", "--yes", "--skip-preview");
    expect(await stack.previewSummary()).toEqual({ same: 3 });
    await stack.must("destroy", "--yes", "--skip-preview");
  }, 60_000);
});

/** Every resource type, used as the program's vault uses them. */
const VAULT = `
const key = new aws.kms.Key("key", {
  description: "vault", enableKeyRotation: true, deletionWindowInDays: 30, tags: { about: "plain" },
  policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::000000000000:root" }, Action: "kms:*", Resource: "*" }] }),
}, mine);
const signer = new aws.kms.Key("signer", { customerMasterKeySpec: "ECC_NIST_P256", keyUsage: "SIGN_VERIFY" }, mine);
new aws.kms.Alias("alias", { name: "alias/plugins-vault", targetKeyId: key.keyId }, mine);
const replica = new aws.s3.Bucket("replica", { objectLockEnabled: true }, mine);
const replicaVersions = new aws.s3.BucketVersioning("replica-versions", { bucket: replica.bucket, versioningConfiguration: { status: "Enabled" } }, mine);
const vault = new aws.s3.Bucket("vault", { bucket: "plugins-vault", objectLockEnabled: true, tags: { about: "plain" } }, mine);
const bucket = vault.bucket;
const versions = new aws.s3.BucketVersioning("versions", { bucket, versioningConfiguration: { status: "Enabled" } }, mine);
new aws.s3.BucketServerSideEncryptionConfiguration("encryption", { bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn }, bucketKeyEnabled: true, blockedEncryptionTypes: ["SSE-C"] }] }, mine);
const access = new aws.s3.BucketPublicAccessBlock("access", { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true }, mine);
new aws.s3.BucketOwnershipControls("owner", { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } }, mine);
new aws.s3.BucketPolicy("policy", { bucket, policy: vault.arn.apply((arn) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "TlsOnly", Effect: "Deny", Principal: "*", Action: "s3:DeleteBucketWebsite", Resource: [arn, arn + "/*"], Condition: { Bool: { "aws:SecureTransport": "false" } } }] })) }, { ...mine, dependsOn: [access] });
new aws.s3.BucketObjectLockConfiguration("lock", { bucket, rule: { defaultRetention: { mode: "GOVERNANCE", days: 1 } } }, { ...mine, dependsOn: [versions] });
new aws.s3.BucketLifecycleConfiguration("lifecycle", { bucket, rules: [
  { id: "weekly", status: "Enabled", filter: { prefix: "weekly/" }, expiration: { days: 92 }, noncurrentVersionExpiration: { noncurrentDays: 1 }, transitions: [{ days: 30, storageClass: "STANDARD_IA" }] },
  { id: "clean-up", status: "Enabled", filter: { prefix: "" }, expiration: { expiredObjectDeleteMarker: true }, abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
] }, { ...mine, dependsOn: [versions] });
const role = new aws.iam.Role("replicator", { description: "replicates", tags: { about: "plain" }, assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: ["s3.amazonaws.com", "scheduler.amazonaws.com"] }, Action: "sts:AssumeRole" }] }) }, mine);
const rolePolicy = new aws.iam.RolePolicy("replicate", { name: "replicate", role: role.name, policy: vault.arn.apply((Resource) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:ListBucket", Resource }] })) }, mine);
new aws.s3.BucketReplicationConfig("replication", { bucket, role: role.arn, rules: [{
  id: "standby", status: "Enabled", priority: 1, filter: { prefix: "" }, deleteMarkerReplication: { status: "Disabled" },
  sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
  destination: { bucket: replica.arn, encryptionConfiguration: { replicaKmsKeyId: key.arn },
    replicationTime: { status: "Enabled", time: { minutes: 15 } }, metrics: { status: "Enabled", eventThreshold: { minutes: 15 } } },
}] }, { ...mine, dependsOn: [versions, replicaVersions, rolePolicy] });
const trail = (startsWith, tags) => new aws.cloudtrail.Trail("trail", { name: "plugins-vault", s3BucketName: replica.bucket, enableLogFileValidation: true, includeGlobalServiceEvents: false, tags,
  advancedEventSelectors: [{ name: "objects", fieldSelectors: [{ field: "eventCategory", equals: ["Data"] }, { field: "resources.type", equals: ["AWS::S3::Object"] }, { field: "resources.ARN", startsWiths: [startsWith] }] }] }, mine);
trail("arn:aws:s3:::plugins-vault/", { about: "plain" });
const secret = new aws.secretsmanager.Secret("secret", { name: "plugins/secret", recoveryWindowInDays: 0, kmsKeyId: key.keyId }, mine);
new aws.secretsmanager.SecretVersion("version", { secretId: secret.arn, secretString: "swordfish" }, mine);
const code = new aws.s3.Bucket("code", {}, mine);
require("fs").writeFileSync("bundle.mjs", "run()");
const bundle = new aws.s3.BucketObjectv2("bundle", { bucket: code.bucket, key: "1/bundle.mjs", source: new (require("@pulumi/pulumi").asset.FileAsset)(require("path").resolve("bundle.mjs")), contentType: "text/javascript" }, mine);
const missed = new aws.sqs.Queue("missed", { name: "plugins-missed", messageRetentionSeconds: 1209600, sqsManagedSseEnabled: true, tags: { about: "plain" } }, mine);
const logs = new aws.cloudwatch.LogGroup("logs", { name: "/plugins/backup", retentionInDays: 90, kmsKeyId: key.arn, tags: { about: "plain" } }, mine);
const build = new aws.codebuild.Project("build", { name: "plugins-build", description: "runs", serviceRole: role.arn, buildTimeout: 120, concurrentBuildLimit: 1, tags: { about: "plain" },
  artifacts: { type: "NO_ARTIFACTS" }, source: { type: "S3", location: code.bucket.apply((name) => name + "/1/"), buildspec: "{}" },
  environment: { type: "LINUX_CONTAINER", computeType: "BUILD_GENERAL1_SMALL", image: "node:1", imagePullCredentialsType: "SERVICE_ROLE", environmentVariables: [{ name: "A", value: "b" }] },
  logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: logs.name } } }, { ...mine, dependsOn: [bundle] });
new aws.scheduler.Schedule("schedule", { name: "plugins-schedule", description: "starts", scheduleExpression: "rate(6 hours)", flexibleTimeWindow: { mode: "OFF" }, state: "ENABLED",
  target: { arn: build.arn, roleArn: role.arn, retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 20 }, deadLetterConfig: { arn: missed.arn } } }, mine);
exports.pem = aws.kms.getPublicKeyOutput({ keyId: signer.arn }, mine).publicKeyPem;
exports.account = aws.getCallerIdentityOutput({}, mine).accountId;
exports.region = aws.getRegionOutput({}, mine).name;
exports.role = role.name;
`;
