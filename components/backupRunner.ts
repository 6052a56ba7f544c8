import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import * as pulumi from "@pulumi/pulumi";

import { keyAlias, type Site } from "../planning/names.ts";
import type { RunnerSize } from "../planning/runnerMachine.ts";
import { RUN_LIMIT_MINUTES } from "../planning/schedule.ts";
import type { Tier } from "../planning/tiers.ts";
import { RUNNER_SETTINGS_VARIABLE, type RunnerToken } from "../settings/runnerSettings.ts";
import { buildspec, BUNDLE_FILE } from "./buildspec.ts";
import { runnerSecrets } from "./runnerSecrets.ts";
import { type DeployedSource, type RunnerCode, scheduledBuild } from "./scheduledBuild.ts";
import { type CheckpointPlace, runnerPermissions, scheduleKeyPolicy } from "./schedulePolicies.ts";

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
    const secrets = runnerSecrets(
      name,
      { site, kmsKeyId: key.arn, databaseUrl: args.databaseUrl, tokens, tagged },
      child,
    );
    const { project, logs } = scheduledBuild(
      name,
      {
        site,
        work: "backup",
        code,
        source,
        bundleFile: BUNDLE_FILE,
        buildspec: buildspec(code.sha256, compute),
        image,
        compute,
        limitMinutes: RUN_LIMIT_MINUTES,
        description: "Takes a proven backup of the database and the configuration",
        roleDescription:
          "Takes the scheduled backups: what the vault's writer may do, and its own log, code and secret",
        logKeyArn: key.arn,
        policy: pulumi
          .all([args.vaultBucketArn, args.vaultKeyArn, args.signingKeyArn, key.arn])
          .apply(([bucketArn, keyArn, signingKeyArn, scheduleKeyArn]) =>
            runnerPermissions({ site, tiers, bucketArn, keyArn, signingKeyArn, scheduleKeyArn, image, checkpoint }),
          ),
        variables: [{ name: RUNNER_SETTINGS_VARIABLE, type: "PLAINTEXT", value: args.settings }, ...secrets],
        tagged,
      },
      child,
    );

    this.project = project.name;
    this.projectArn = project.arn;
    this.logGroup = logs.name;
    this.registerOutputs({ project: project.name, projectArn: project.arn, logGroup: logs.name });
  }
}
