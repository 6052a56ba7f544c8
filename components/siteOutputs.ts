import type { Output } from "@pulumi/pulumi";

import type { VaultRolePurpose } from "../planning/names.ts";
import type { DeclaredRunnerSettings } from "../settings/runnerSettings.ts";
import type { Application } from "./application.ts";
import type { BackupVault } from "./backupVault.ts";
import type { Database } from "./database.ts";
import type { RestoreOutputs } from "./recovery/databaseRestore.ts";
import type { FenceResult } from "./recovery/primaryFence.ts";
import type { TrafficSwitch } from "./recovery/trafficSwitch.ts";
import type { SigningKey } from "./signingKey.ts";
import type { SiteSchedule } from "./siteSchedule.ts";

/** The outputs of a stack. Those of a database, a deployment and a public name exist while the stack has one. */
export interface SiteOutputs {
  readonly awsRegion: string;
  readonly vaultBucket: Output<string>;
  readonly vaultBucketArn: Output<string>;
  readonly vaultKeyArn: Output<string>;
  /** ARNs of the vault's roles, by purpose. */
  readonly vaultRoleArns: Readonly<Record<VaultRolePurpose, Output<string>>>;
  /** Bucket with the audit logs of the vault's objects. */
  readonly auditBucket: Output<string>;
  readonly signingKeyArn: Output<string>;
  /** PEM. The other stack pins it in its `trustedWriterKeys`. */
  readonly signingPublicKey: Output<string>;
  readonly supabaseRef?: Output<string>;
  /** Secret. */
  readonly databaseUrl?: Output<string>;
  readonly apiUrl?: Output<string>;
  /** Secret. */
  readonly anonKey?: Output<string>;
  /** The deployment's own address. */
  readonly applicationUrl?: Output<string>;
  /** The name that users know. */
  readonly publicUrl?: string;
  /** The restored backup, each phase's duration in milliseconds, and the notes for the operator. */
  readonly restore?: RestoreOutputs;
  readonly deployment?: Readonly<Record<string, Output<unknown>>>;
  readonly traffic?: Readonly<Record<string, Output<unknown>>>;
  readonly mirrorUrl?: string;
  /** The scheduled backups: names of the schedule, its CodeBuild project and its log group, and the URL of the queue of missed runs. */
  readonly schedule?: Readonly<Record<"name" | "project" | "logGroup" | "missedRunsUrl", Output<string>>>;
  /** A run's settings (RUNNER_SETTINGS), for a run by hand or in another container. Not secret. */
  readonly runnerSettings?: Output<DeclaredRunnerSettings>;
  /** Earlier generations of the recovered database that are kept until they are released. */
  readonly earlierGenerations?: readonly EarlierGeneration[];
  /** The parts of the primary that a recovery could stop, and those that it could not. */
  readonly fence?: Output<readonly FenceResult[]>;
}

/** An earlier generation of the recovered database, kept beside the present one. */
export interface EarlierGeneration {
  readonly generation: number;
  readonly projectName: string;
  /** Empty if no project was ever created for it. */
  readonly ref: Output<string>;
}

/** The parts of a site that runs CastChat. */
export interface RunningSite {
  readonly database: Database;
  readonly application: Application;
  readonly traffic: TrafficSwitch;
  readonly publicName: string;
}

/** Outputs of the parts that every site has. */
export function vaultOutputs(awsRegion: string, vault: BackupVault, signing: SigningKey): SiteOutputs {
  return {
    awsRegion,
    vaultBucket: vault.bucket,
    vaultBucketArn: vault.bucketArn,
    vaultKeyArn: vault.keyArn,
    vaultRoleArns: vault.roleArns,
    auditBucket: vault.auditBucket,
    signingKeyArn: signing.keyArn,
    signingPublicKey: signing.publicKeyPem,
  };
}

/** Outputs of a site that runs CastChat. */
export function runningOutputs({ database, application, traffic, publicName }: RunningSite): Partial<SiteOutputs> {
  const { restore } = database;
  const { deployment } = application;
  return {
    supabaseRef: database.ref,
    databaseUrl: database.connectionString,
    apiUrl: database.apiUrl,
    anonKey: database.anonKey,
    publicUrl: `https://${publicName}`,
    ...(restore && { restore: restore.result }),
    ...(deployment && {
      applicationUrl: deployment.url,
      deployment: some(deployment, ["deploymentId", "commit", "previousDeploymentId", "durationMs"]),
    }),
    traffic: some(traffic, ["leaseName", "previousHolder", "recordId", "durationMs"]),
  };
}

/** Some of a resource's outputs. */
function some<K extends string>(resource: Record<K, Output<unknown>>, keys: readonly K[]) {
  return Object.fromEntries(keys.map((key) => [key, resource[key]]));
}

/** Outputs of a site that takes backups. */
export function scheduleOutputs({ schedule, settings: runnerSettings }: SiteSchedule): Partial<SiteOutputs> {
  const { schedule: name, runner, missedRunsUrl } = schedule;
  return { schedule: { name, project: runner.project, logGroup: runner.logGroup, missedRunsUrl }, runnerSettings };
}
