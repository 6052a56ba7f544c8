import * as pulumi from "@pulumi/pulumi";

import { cloneUrl, PRIMARY_DATABASE_NAME, type Site } from "../planning/names.ts";
import type { Tier } from "../planning/tiers.ts";
import { Application } from "./application.ts";
import { BackupVault } from "./backupVault.ts";
import { Database } from "./database.ts";
import { DnsZone } from "./dnsZone.ts";
import { TrafficSwitch } from "./recovery/trafficSwitch.ts";
import { SigningKey } from "./signingKey.ts";
import { runningOutputs, scheduleOutputs, vaultOutputs, type SiteOutputs } from "./siteOutputs.ts";
import { scheduleBackups, type ScheduledRun } from "./siteSchedule.ts";
import type { VaultAddress } from "./vaultReplication.ts";

/** What both kinds of site are told; the program's settings fit. */
export interface SiteArgs {
  /** Name of the Pulumi project; all names derive from it. */
  readonly project: string;
  /** Name of the stack; the traffic's lease carries it. */
  readonly stack: string;
  readonly awsAccountId: string;
  readonly awsRegion: string;
  readonly peerAwsAccountId: string;
  readonly peerAwsRegion: string;
  readonly tiers: readonly Tier[];
  readonly publicName: string;
  readonly zoneName: string;
  readonly supabaseOrganization: string;
  readonly supabaseRegion: string;
  readonly vercelProject: string;
  /** The app's repository, as owner/name. */
  readonly repository: string;
  readonly branch: string;
  /** Public keys (PEM) of the writers whose backups are trusted. */
  readonly trustedWriterKeys: readonly string[];
  readonly vercelTeam?: string | undefined;
  /** Addresses that stand for the public services. @default - the services' own */
  readonly endpointAws?: string | undefined;
  readonly endpointVercel?: string | undefined;
  readonly endpointGithub?: string | undefined;
  readonly endpointCloudflare?: string | undefined;
  readonly endpointSupabase?: string | undefined;
  /** Address of a Supabase project's own API, with {ref}. */
  readonly supabaseProjectUrl?: string | undefined;
  /** Hours between two backups. */
  readonly intervalHours: number;
  /** Tables (`schema.table`) without which a backup doesn't count as proven. */
  readonly criticalTables: readonly string[];
  /** Percent that a backup may hold less than the last one, and still count as proven. */
  readonly shrinkPercent: number;
  /** Whom backups are encrypted to before they leave the runner (age1…); none, and the vault's own encryption is all. */
  readonly ageRecipients: readonly string[];
  readonly scheduledRun: ScheduledRun;
  readonly generation: number;
  /** Who may change what protects the vault: ARNs, with * and ?. @default - see BackupVault */
  readonly deployerArns?: readonly string[] | undefined;
  /** Refuse to delete what must not be lost. */
  readonly protect: boolean;
  /** The vault's content may be thrown away; without it the vault is protected whatever `protect` says. @default false */
  readonly disposableVault?: boolean | undefined;
}

export interface PrimarySiteArgs extends SiteArgs {
  readonly cloudflareAccountId: string;
  /** Replicate the vault there. @default - no replica */
  readonly standbyVaultBucketArn?: string | undefined;
  readonly standbyVaultKeyArn?: string | undefined;
}

/** The site that CastChat runs on: vault, signing key, database and its backups, app, DNS and the public name. */
export class PrimarySite extends pulumi.ComponentResource {
  readonly outputs: SiteOutputs;

  constructor(name: string, args: PrimarySiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:PrimarySite", name, {}, opts);
    const { project, awsAccountId, awsRegion, tiers, publicName, zoneName, protect } = args;
    const site: Site = { project, role: "primary", accountId: awsAccountId, region: awsRegion };
    const child = { parent: this };
    const standby = standbyVault(args);

    const signing = new SigningKey("signing", { site, deployerArns: args.deployerArns, protect }, child);
    const vault = new BackupVault(
      "vault",
      {
        site,
        tiers,
        protect,
        disposable: args.disposableVault,
        signingKeyArn: signing.keyArn,
        deployerArns: args.deployerArns,
        ...(standby && { replicateTo: { ...standby, region: args.peerAwsRegion } }),
      },
      child,
    );
    const database = new Database(
      "database",
      {
        projectName: PRIMARY_DATABASE_NAME,
        organization: args.supabaseOrganization,
        region: args.supabaseRegion,
        protect,
      },
      child,
    );
    const backups = scheduleBackups(args, { site, vault, signing, database }, child);
    const application = new Application(
      "application",
      {
        projectName: args.vercelProject,
        release: { sourceUrl: cloneUrl(args.repository, args.endpointGithub), sourceRef: args.branch, database },
        protect,
      },
      child,
    );
    const zone = new DnsZone("dns", { zoneName, accountId: args.cloudflareAccountId, protect }, child);
    const traffic = new TrafficSwitch(
      "traffic",
      {
        publicName,
        zoneName,
        projectId: application.projectId,
        deploymentUrl: application.deploymentUrl,
        stack: args.stack,
        generation: args.generation,
      },
      { ...child, protect, dependsOn: [zone, application] },
    );

    this.outputs = {
      ...vaultOutputs(awsRegion, vault, signing),
      ...runningOutputs({ database, application, traffic, publicName }),
      ...scheduleOutputs(backups),
    };
    this.registerOutputs({});
  }
}

function standbyVault({ standbyVaultBucketArn, standbyVaultKeyArn }: PrimarySiteArgs): VaultAddress | undefined {
  if (standbyVaultBucketArn === undefined || standbyVaultKeyArn === undefined) return undefined;
  return { bucketArn: standbyVaultBucketArn, keyArn: standbyVaultKeyArn };
}
