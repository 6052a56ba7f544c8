import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

import {
  buildProjectArn,
  codeBucketName,
  keyAlias,
  runnerLogGroup,
  runnerSecretName,
  scheduleName,
  scheduleRoleName,
  type Site,
} from "../planning/names.ts";
import { RUN_LIMIT_MINUTES } from "../planning/schedule.ts";
import type { Tier } from "../planning/tiers.ts";
import { RUNNER_DATABASE_SECRET, RUNNER_SETTINGS_VARIABLE, type RunnerToken } from "../settings/runnerSettings.ts";
import { buildspec, BUNDLE_FILE } from "./buildspec.ts";
import { closedBucket } from "./closedBucket.ts";
import { policyDocument, tlsOnly } from "./policyDocument.ts";
import { type CheckpointPlace, runnerPermissions, scheduleKeyPolicy, serviceTrust } from "./schedulePolicies.ts";

/** The runner's code: one file. */
export interface RunnerCode {
  /** Absolute path of the bundle. */
  readonly path: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
}

export interface BackupRunnerArgs {
  /** The runner's site. All names derive from it. */
  readonly site: Site;
  readonly tiers: readonly Tier[];
  readonly vaultBucketArn: pulumi.Input<string>;
  readonly vaultKeyArn: pulumi.Input<string>;
  readonly signingKeyArn: pulumi.Input<string>;
  readonly code: RunnerCode;
  /** The container image that a run starts in, by tag or by digest. */
  readonly image: string;
  /** The stack's state, which a run reads if it is in a bucket. @default - none */
  readonly checkpoint?: CheckpointPlace | undefined;
  /** The runner's settings, as JSON (settings/runnerSettings.ts). They are not secret. */
  readonly settings: pulumi.Input<string>;
  /** Secret. */
  readonly databaseUrl: pulumi.Input<string>;
  /** Secret. Each token gives the configuration backup access to one service. */
  readonly tokens: Readonly<Partial<Record<RunnerToken, pulumi.Input<string>>>>;
  readonly tags?: Record<string, string> | undefined;
}

/** Days for which the runs' logs are kept. A quarter, so that a weekly backup's log exists as long as the backup. */
const LOG_DAYS = 90;
const KEY_DELETION_DAYS = 30;

/**
 * Runs backups in the vault's own account and region: a CodeBuild project without a VPC. It has its own role, its secrets in Secrets
 * Manager, and its logs. `pulumi up` uploads its code, so it depends on neither GitHub nor Vercel.
 */
export class BackupRunner extends pulumi.ComponentResource {
  /** Name of the CodeBuild project. */
  readonly project: pulumi.Output<string>;
  readonly projectArn: pulumi.Output<string>;
  /** Name of the log group. */
  readonly logGroup: pulumi.Output<string>;

  readonly #args: BackupRunnerArgs;
  readonly #name: string;
  readonly #child: pulumi.CustomResourceOptions;

  constructor(name: string, args: BackupRunnerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:BackupRunner", name, {}, opts);
    this.#args = args;
    this.#name = name;
    this.#child = { parent: this };

    const key = this.#createKey();
    const logs = this.#createLogGroup(key);
    const code = this.#uploadCode();
    const secret = this.#storeSecret(key);
    const { role, permissions } = this.#createRole(key);
    const project = this.#createProject({ logs, code, secret, role }, [permissions]);

    this.project = project.name;
    this.projectArn = project.arn;
    this.logGroup = logs.name;
    this.registerOutputs({ project: this.project, projectArn: this.projectArn, logGroup: this.logGroup });
  }

  #createKey(): aws.kms.Key {
    const { site } = this.#args;
    const key = new aws.kms.Key(
      `${this.#name}-key`,
      {
        description: `Encrypts the logs and the secret of the ${site.role} site's scheduled backups`,
        enableKeyRotation: true,
        deletionWindowInDays: KEY_DELETION_DAYS,
        policy: JSON.stringify(scheduleKeyPolicy(site)),
        ...this.#tags(),
      },
      this.#child,
    );
    new aws.kms.Alias(
      `${this.#name}-key-alias`,
      { name: keyAlias(site, "schedule"), targetKeyId: key.keyId },
      this.#child,
    );
    return key;
  }

  #createLogGroup(key: aws.kms.Key): aws.cloudwatch.LogGroup {
    const name = runnerLogGroup(this.#args.site);
    return new aws.cloudwatch.LogGroup(
      `${this.#name}-logs`,
      { name, retentionInDays: LOG_DAYS, kmsKeyId: key.arn, ...this.#tags() },
      this.#child,
    );
  }

  /** Under its own hash, so that a running build keeps the code with which it started. */
  #uploadCode(): aws.s3.BucketObjectv2 {
    const { site, code } = this.#args;
    const { bucket } = new aws.s3.Bucket(
      `${this.#name}-code`,
      { bucket: codeBucketName(site), ...this.#tags() },
      this.#child,
    );
    const settings = closedBucket(`${this.#name}-code`, bucket, this.#child);
    const policy = new aws.s3.BucketPolicy(
      `${this.#name}-code-policy`,
      { bucket, policy: JSON.stringify(policyDocument([tlsOnly(`arn:aws:s3:::${codeBucketName(site)}`)])) },
      { ...this.#child, dependsOn: settings },
    );
    return new aws.s3.BucketObjectv2(
      `${this.#name}-bundle`,
      {
        bucket,
        key: `${code.sha256}/${BUNDLE_FILE}`,
        source: new pulumi.asset.FileAsset(code.path),
        contentType: "text/javascript",
      },
      { ...this.#child, dependsOn: [policy] },
    );
  }

  #storeSecret(key: aws.kms.Key): aws.secretsmanager.SecretVersion {
    const { site, databaseUrl, tokens } = this.#args;
    const secret = new aws.secretsmanager.Secret(
      `${this.#name}-secret`,
      {
        name: runnerSecretName(site),
        description: "What a scheduled backup reads the database and the services' settings with",
        kmsKeyId: key.arn,
        // Everything in it exists elsewhere. A recovery window would only block its name for the next `up`.
        recoveryWindowInDays: 0,
        ...this.#tags(),
      },
      this.#child,
    );
    const values = pulumi.secret({ [RUNNER_DATABASE_SECRET]: databaseUrl, ...tokens });
    return new aws.secretsmanager.SecretVersion(
      `${this.#name}-secret-value`,
      { secretId: secret.arn, secretString: values.apply((one) => JSON.stringify(one)) },
      this.#child,
    );
  }

  #createRole(key: aws.kms.Key): { role: aws.iam.Role; permissions: aws.iam.RolePolicy } {
    const { site, tiers, image, checkpoint, vaultBucketArn, vaultKeyArn, signingKeyArn } = this.#args;
    const role = new aws.iam.Role(
      `${this.#name}-role`,
      {
        name: scheduleRoleName(site, "runner"),
        description: "Takes the scheduled backups: what the vault's writer may do, and its own log, code and secret",
        assumeRolePolicy: JSON.stringify(serviceTrust("codebuild.amazonaws.com", site, buildProjectArn(site))),
        ...this.#tags(),
      },
      this.#child,
    );
    const policy = pulumi
      .all([vaultBucketArn, vaultKeyArn, signingKeyArn, key.arn])
      .apply(([bucketArn, keyArn, signing, scheduleKeyArn]) =>
        JSON.stringify(
          runnerPermissions({
            site,
            tiers,
            bucketArn,
            keyArn,
            signingKeyArn: signing,
            scheduleKeyArn,
            image,
            checkpoint,
          }),
        ),
      );
    const permissions = new aws.iam.RolePolicy(
      `${this.#name}-role-policy`,
      { name: "runner", role: role.name, policy },
      this.#child,
    );
    return { role, permissions };
  }

  #createProject(
    parts: {
      logs: aws.cloudwatch.LogGroup;
      code: aws.s3.BucketObjectv2;
      secret: aws.secretsmanager.SecretVersion;
      role: aws.iam.Role;
    },
    dependsOn: pulumi.Resource[],
  ): aws.codebuild.Project {
    const { site, code, image, settings, tokens } = this.#args;
    const secrets = [RUNNER_DATABASE_SECRET, ...Object.keys(tokens)];
    return new aws.codebuild.Project(
      `${this.#name}-project`,
      {
        name: scheduleName(site),
        description: "Takes a proven backup of the database and the configuration",
        serviceRole: parts.role.arn,
        buildTimeout: RUN_LIMIT_MINUTES,
        // Two runs would both promote, and share the database's few connections.
        concurrentBuildLimit: 1,
        artifacts: { type: "NO_ARTIFACTS" },
        source: {
          type: "S3",
          location: pulumi.interpolate`${parts.code.bucket}/${code.sha256}/`,
          buildspec: buildspec(code.sha256),
        },
        environment: {
          type: "LINUX_CONTAINER",
          computeType: "BUILD_GENERAL1_SMALL",
          image,
          imagePullCredentialsType: "SERVICE_ROLE",
          environmentVariables: [
            { name: RUNNER_SETTINGS_VARIABLE, type: "PLAINTEXT", value: settings },
            ...secrets.map((name) => ({
              name,
              type: "SECRETS_MANAGER",
              value: pulumi.interpolate`${parts.secret.secretId}:${name}`,
            })),
          ],
        },
        logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: parts.logs.name } },
        ...this.#tags(),
      },
      { ...this.#child, dependsOn },
    );
  }

  #tags(): { tags?: Record<string, string> } {
    const { tags } = this.#args;
    return tags ? { tags } : {};
  }
}
