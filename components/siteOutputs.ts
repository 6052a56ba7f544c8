import type { Output } from "@pulumi/pulumi";

import type { VaultRolePurpose } from "../planning/names.ts";
import type { App } from "../settings/apps.ts";
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
  /** The commit of this repository that `pulumi up` ran from, with `-dirty` if tracked files differed from it. Absent outside a checkout. */
  readonly deployedCommit?: string;
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
  /** The deployment's own address. This output and the next three are the first app's; `apps` has them of every app. */
  readonly applicationUrl?: Output<string>;
  /** The name that users know. */
  readonly publicUrl?: string;
  /** The restored backup, each phase's duration in milliseconds, and the notes for the operator. */
  readonly restore?: RestoreOutputs;
  readonly deployment?: Readonly<Record<string, Output<unknown>>>;
  readonly traffic?: Readonly<Record<string, Output<unknown>>>;
  /** What a stack with several apps runs, by the app's Vercel project. */
  readonly apps?: Readonly<Record<string, AppOutputs>>;
  /** Clone address of the first app's mirror. */
  readonly mirrorUrl?: string;
  /** Clone addresses of the mirrors on GitHub if there are several, by the mirrored repository. */
  readonly mirrorUrls?: Readonly<Record<string, string>>;
  /** Clone addresses of the mirrors on GitLab, by the mirrored repository. */
  readonly gitlabMirrorUrls?: Readonly<Record<string, string>>;
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

/** An app that a stack deploys, and its public names, the first one first. */
export interface RunningApp {
  readonly app: App;
  readonly application: Application;
  readonly switches: readonly TrafficSwitch[];
  /** The names that it answers under. @default - the app's public names */
  readonly publicNames?: readonly string[];
}

/** What a stack outputs of one app. */
export interface AppOutputs {
  readonly publicUrl: string;
  readonly applicationUrl?: Output<string>;
  readonly deployment?: Readonly<Record<string, Output<unknown>>>;
  readonly traffic?: Readonly<Record<string, Output<unknown>>>;
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

/** Outputs of a site that has a database. */
export function databaseOutputs({ ref, connectionString, apiUrl, anonKey, restore }: Database): Partial<SiteOutputs> {
  return {
    supabaseRef: ref,
    databaseUrl: connectionString,
    apiUrl,
    anonKey,
    ...(restore && { restore: restore.result }),
  };
}

/** Outputs of a site's apps. An app that the stack does not declare has only its address. */
export function appOutputs(apps: readonly App[], running: readonly RunningApp[]): Partial<SiteOutputs> {
  const all = apps.map(
    (app) =>
      [
        app.project,
        outputsOf(
          app,
          running.find((one) => one.app === app),
        ),
      ] as const,
  );
  return { ...all[0]?.[1], ...(all.length > 1 && { apps: Object.fromEntries(all) }) };
}

function outputsOf({ publicNames: [first] }: App, running: RunningApp | undefined): AppOutputs {
  const { application, switches: [traffic] = [], publicNames = [first] } = running ?? {};
  const deployment = application?.deployment;
  return {
    publicUrl: `https://${publicNames[0]}`,
    ...(deployment && {
      applicationUrl: deployment.url,
      deployment: some(deployment, ["deploymentId", "commit", "previousDeploymentId", "durationMs"]),
    }),
    ...(traffic && { traffic: some(traffic, ["leaseName", "previousHolder", "recordId", "durationMs"]) }),
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
