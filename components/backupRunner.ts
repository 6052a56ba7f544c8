import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Project as CodeBuildProject } from "@pulumi/aws/codebuild/project.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketObjectv2 } from "@pulumi/aws/s3/bucketObjectv2.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import * as pulumi from "@pulumi/pulumi";

import {
  buildProjectArn,
  codeBucketName,
  keyAlias,
  runnerLogGroup,
  scheduleName,
  scheduleRoleName,
  type Site,
} from "../planning/names.ts";
import { RUNNER_MACHINES, type RunnerSize } from "../planning/runnerMachine.ts";
import { RUN_LIMIT_MINUTES } from "../planning/schedule.ts";
import type { Tier } from "../planning/tiers.ts";
import { RUNNER_SETTINGS_VARIABLE, type RunnerToken } from "../settings/runnerSettings.ts";
import { buildspec, BUNDLE_FILE } from "./buildspec.ts";
import { closedBucket } from "./closedBucket.ts";
import { policyDocument, tlsOnly } from "./policyDocument.ts";
import { runnerSecrets } from "./runnerSecrets.ts";
import { type CheckpointPlace, runnerPermissions, scheduleKeyPolicy, serviceTrust } from "./schedulePolicies.ts";

/** The runner's code: one file. */
export interface RunnerCode {
  /** Absolute path of the bundle. */
  readonly path: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
}

/** This repository's files as they are deployed, as one archive. */
export interface DeployedSource {
  /** With `-dirty` if tracked files differ from the commit. */
  readonly commit: string;
  /** Identifies the files: the same for the same ones. */
  readonly id: string;
  /** Absolute path (gzip of tar). */
  readonly path: string;
}

export interface BackupRunnerArgs {
  /** The runner's site. All names derive from it. */
  readonly site: Site;
  readonly tiers: readonly Tier[];
  readonly vaultBucketArn: pulumi.Input<string>;
  readonly vaultKeyArn: pulumi.Input<string>;
  readonly signingKeyArn: pulumi.Input<string>;
  readonly code: RunnerCode;
  /** Stored by each run. @default - runs have no source to store */
  readonly source?: DeployedSource | undefined;
  /** The container image that a run starts in, by tag or by digest. */
  readonly image: string;
  /** The size of its machine. @default small */
  readonly compute?: RunnerSize | undefined;
  /** The stack's state, which a run reads if it is in a bucket. @default - none */
  readonly checkpoint?: CheckpointPlace | undefined;
  /** The runner's settings, as JSON (settings/runnerSettings.ts). They are not secret. */
  readonly settings: pulumi.Input<string>;
  /** Secret. */
  readonly databaseUrl: pulumi.Input<string>;
  /** Secret. Each gives the configuration backup access to one service, until `schedule rotate` sets another. */
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

  constructor(name: string, args: BackupRunnerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:BackupRunner", name, {}, opts);
    const { site, tiers, code, source, image, compute = "small", checkpoint, tokens } = args;
    const tagged = args.tags ? { tags: args.tags } : {};
    const child = { parent: this };

    const key = new Key(
      `${name}-key`,
      {
        description: `Encrypts the logs and the secret of the ${site.role} site's scheduled backups`,
        enableKeyRotation: true,
        deletionWindowInDays: KEY_DELETION_DAYS,
        policy: JSON.stringify(scheduleKeyPolicy(site)),
        ...tagged,
      },
      child,
    );
    new Alias(`${name}-key-alias`, { name: keyAlias(site, "schedule"), targetKeyId: key.keyId }, child);
    const logs = new LogGroup(
      `${name}-logs`,
      { name: runnerLogGroup(site), retentionInDays: LOG_DAYS, kmsKeyId: key.arn, ...tagged },
      child,
    );

    const { bucket } = new Bucket(`${name}-code`, { bucket: codeBucketName(site), ...tagged }, child);
    const policy = new BucketPolicy(
      `${name}-code-policy`,
      { bucket, policy: JSON.stringify(policyDocument([tlsOnly(`arn:aws:s3:::${codeBucketName(site)}`)])) },
      { ...child, dependsOn: closedBucket(`${name}-code`, bucket, child) },
    );
    const bundle = new BucketObjectv2(
      `${name}-bundle`,
      {
        bucket,
        // Under its own hash, so that a running build keeps the code with which it started.
        key: `${code.sha256}/${BUNDLE_FILE}`,
        source: new pulumi.asset.FileAsset(code.path),
        contentType: "text/javascript",
      },
      { ...child, dependsOn: [policy] },
    );

    // In the folder that a build gets as its source, so that a run needs no further permission. A new commit is a resource of its own: the old archive
    // goes after the runs' settings name the new one. The same files, compressed on another machine, are no change.
    const archive =
      source &&
      new BucketObjectv2(
        `${name}-source-${source.id}`,
        {
          bucket,
          key: `${code.sha256}/${sourceFile(source)}`,
          source: new pulumi.asset.FileAsset(source.path),
          contentType: "application/gzip",
        },
        { ...child, dependsOn: [policy], ignoreChanges: ["source"] },
      );

    const secrets = runnerSecrets(
      name,
      { site, kmsKeyId: key.arn, databaseUrl: args.databaseUrl, tokens, tagged },
      child,
    );

    const role = new Role(
      `${name}-role`,
      {
        name: scheduleRoleName(site, "runner"),
        description: "Takes the scheduled backups: what the vault's writer may do, and its own log, code and secret",
        assumeRolePolicy: JSON.stringify(serviceTrust("codebuild.amazonaws.com", site, buildProjectArn(site))),
        ...tagged,
      },
      child,
    );
    const permissions = new RolePolicy(
      `${name}-role-policy`,
      {
        name: "runner",
        role: role.name,
        policy: pulumi
          .all([args.vaultBucketArn, args.vaultKeyArn, args.signingKeyArn, key.arn])
          .apply(([bucketArn, keyArn, signingKeyArn, scheduleKeyArn]) => {
            const scope = { site, tiers, bucketArn, keyArn, signingKeyArn, scheduleKeyArn, image, checkpoint };
            return JSON.stringify(runnerPermissions(scope));
          }),
      },
      child,
    );

    const project = new CodeBuildProject(
      `${name}-project`,
      {
        name: scheduleName(site),
        description: "Takes a proven backup of the database and the configuration",
        serviceRole: role.arn,
        buildTimeout: RUN_LIMIT_MINUTES,
        // Two runs would both promote, and share the database's few connections.
        concurrentBuildLimit: 1,
        artifacts: { type: "NO_ARTIFACTS" },
        source: {
          type: "S3",
          location: pulumi.interpolate`${bundle.bucket}/${code.sha256}/`,
          buildspec: buildspec(code.sha256, compute),
        },
        environment: {
          type: "LINUX_CONTAINER",
          computeType: RUNNER_MACHINES[compute].computeType,
          image,
          imagePullCredentialsType: "SERVICE_ROLE",
          environmentVariables: [
            { name: RUNNER_SETTINGS_VARIABLE, type: "PLAINTEXT", value: args.settings },
            ...secrets,
          ],
        },
        logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: logs.name } },
        ...tagged,
      },
      { ...child, dependsOn: [permissions, ...(archive ? [archive] : [])] },
    );

    this.project = project.name;
    this.projectArn = project.arn;
    this.logGroup = logs.name;
    this.registerOutputs({ project: project.name, projectArn: project.arn, logGroup: logs.name });
  }
}

/** The archive's file name beside the runner's bundle. */
export function sourceFile({ id }: DeployedSource): string {
  return `source-${id}.tar.gz`;
}
