/** Uses every type that the stacks declare, as they do, but for those of provider `recovery`; `at` are the services' addresses. */
export const namedProgram = (at: Record<"aws" | "github" | "cloudflare", string>) => `
const aws = require("@pulumi/aws"), vercel = require("@pulumiverse/vercel"), github = require("@pulumi/github"), cloudflare = require("@pulumi/cloudflare");
const at = ${JSON.stringify(at.aws)};
const on = { provider: new aws.Provider("aws", {
  region: "ap-northeast-1", allowedAccountIds: ["000000000000"], s3UsePathStyle: true,
  endpoints: [{ s3: at, kms: at, iam: at, sts: at, secretsmanager: at, cloudtrail: at, codebuild: at, scheduler: at, logs: at, sqs: at }],
}) };
const onVercel = { provider: new vercel.Provider("vercel", {}) };
const onGithub = { provider: new github.Provider("github", { owner: "castchat", baseUrl: "${at.github}/" }) };
const onCloudflare = { provider: new cloudflare.Provider("cloudflare", { baseUrl: "${at.cloudflare}/client/v4" }) };
const trust = (Service) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }] });
const after = (...dependsOn) => ({ ...on, dependsOn });

const key = new aws.kms.Key("key", { description: "left" }, on);
new aws.kms.Alias("alias", { name: "alias/left", targetKeyId: key.keyId }, on);
const bucket = new aws.s3.Bucket("bucket", { bucket: "left-bucket" }, { ...on, protect: false });
const replica = new aws.s3.Bucket("replica", { bucket: "left-replica" }, on);
const versions = new aws.s3.BucketVersioning("versions", { bucket: bucket.bucket, versioningConfiguration: { status: "Enabled" } }, on);
const replicaVersions = new aws.s3.BucketVersioning("replica-versions", { bucket: replica.bucket, versioningConfiguration: { status: "Enabled" } }, on);
new aws.s3.BucketServerSideEncryptionConfiguration("encryption", { bucket: bucket.bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn }, bucketKeyEnabled: true }] }, on);
const access = new aws.s3.BucketPublicAccessBlock("access", { bucket: bucket.bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true }, on);
new aws.s3.BucketOwnershipControls("owner", { bucket: bucket.bucket, rule: { objectOwnership: "BucketOwnerEnforced" } }, on);
new aws.s3.BucketPolicy("policy", { bucket: bucket.bucket, policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Sid: "TlsOnly", Effect: "Deny", Principal: "*", Action: "s3:DeleteBucketWebsite", Resource: ["arn:aws:s3:::left-bucket"], Condition: { Bool: { "aws:SecureTransport": "false" } } }] }) }, after(access));
new aws.s3.BucketLifecycleConfiguration("lifecycle", { bucket: bucket.bucket, rules: [
  { id: "clean-up", status: "Enabled", filter: { prefix: "" }, expiration: { expiredObjectDeleteMarker: true }, abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
] }, after(versions));
const role = new aws.iam.Role("role", { name: "left-role", assumeRolePolicy: trust(["s3.amazonaws.com", "scheduler.amazonaws.com"]) }, on);
new aws.iam.RolePolicy("permissions", { name: "replicate", role: role.name, policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:ListBucket", Resource: "arn:aws:s3:::left-bucket" }] }) }, on);
new aws.s3.BucketReplicationConfig("replication", { bucket: bucket.bucket, role: role.arn, rules: [{
  id: "standby", status: "Enabled", priority: 1, filter: { prefix: "" }, deleteMarkerReplication: { status: "Disabled" },
  sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
  destination: { bucket: replica.arn, encryptionConfiguration: { replicaKmsKeyId: key.arn },
    replicationTime: { status: "Enabled", time: { minutes: 15 } }, metrics: { status: "Enabled", eventThreshold: { minutes: 15 } } },
}] }, after(versions, replicaVersions));
new aws.cloudtrail.Trail("trail", { name: "left-trail", s3BucketName: replica.bucket, enableLogFileValidation: true, includeGlobalServiceEvents: false,
  advancedEventSelectors: [{ name: "objects", fieldSelectors: [{ field: "eventCategory", equals: ["Data"] }, { field: "resources.type", equals: ["AWS::S3::Object"] }, { field: "resources.ARN", startsWiths: ["arn:aws:s3:::left-bucket/"] }] }] }, on);
const secret = new aws.secretsmanager.Secret("secret", { name: "left/secret", recoveryWindowInDays: 0, kmsKeyId: key.keyId }, on);
new aws.secretsmanager.SecretVersion("version", { secretId: secret.arn, secretString: pulumi.secret("swordfish") }, on);
require("fs").writeFileSync("bundle.mjs", "run()");
const code = new aws.s3.Bucket("code", { bucket: "left-code" }, on);
new aws.s3.BucketObjectv2("bundle", { bucket: code.bucket, key: "1/bundle.mjs", source: new pulumi.asset.FileAsset(require("path").resolve("bundle.mjs")), contentType: "text/javascript" }, on);
const missed = new aws.sqs.Queue("missed", { name: "left-missed", messageRetentionSeconds: 1209600, sqsManagedSseEnabled: true }, on);
const logs = new aws.cloudwatch.LogGroup("logs", { name: "/left/backup", retentionInDays: 90, kmsKeyId: key.arn }, on);
const build = new aws.codebuild.Project("build", { name: "left-build", description: "runs", serviceRole: role.arn, buildTimeout: 120, concurrentBuildLimit: 1,
  artifacts: { type: "NO_ARTIFACTS" }, source: { type: "S3", location: "left-code/1/", buildspec: "{}" },
  environment: { type: "LINUX_CONTAINER", computeType: "BUILD_GENERAL1_SMALL", image: "node:1", imagePullCredentialsType: "SERVICE_ROLE", environmentVariables: [{ name: "A", value: "b" }] },
  logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: logs.name } } }, on);
new aws.scheduler.Schedule("schedule", { name: "left-schedule", description: "starts", scheduleExpression: "rate(6 hours)", flexibleTimeWindow: { mode: "OFF" }, state: "ENABLED",
  target: { arn: build.arn, roleArn: role.arn, retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 20 }, deadLetterConfig: { arn: missed.arn } } }, on);

const app = new vercel.Project("app", { name: "left-app" }, onVercel);
new vercel.ProjectEnvironmentVariables("variables", { projectId: app.id, variables: ["ONE", "TWO"].map((key) => ({ key, value: pulumi.secret("marlin"), targets: ["production"], sensitive: true })) }, onVercel);
const mirror = new github.Repository("mirror", { name: "left-mirror", visibility: "private", hasIssues: false, hasProjects: false, hasWiki: false }, onGithub);
new github.ActionsRepositoryPermissions("mirror-actions", { repository: mirror.name, enabled: false }, onGithub);
const zone = new cloudflare.Zone("zone", { name: "left.example", account: { id: "account" }, type: "full" }, onCloudflare);
new cloudflare.DnsRecord("caa", { zoneId: zone.id, name: "left.example", type: "CAA", ttl: 1, data: { flags: 0, tag: "issue", value: "letsencrypt.org" } }, onCloudflare);
`;
