import * as pulumi from "@pulumi/pulumi";

import { cloneUrl, PRIMARY_DATABASE_NAME, type Site } from "../planning/names.ts";
import type { PrimarySettings } from "../settings/settings.ts";
import { Application } from "./application.ts";
import { BackupVault } from "./backupVault.ts";
import { Database } from "./database.ts";
import { DnsZone } from "./dnsZone.ts";
import { TrafficSwitch } from "./recovery/trafficSwitch.ts";
import { SigningKey } from "./signingKey.ts";
import { healthPathOf, type SiteArgs } from "./siteArgs.ts";
import { runningOutputs, scheduleOutputs, type SiteOutputs, vaultOutputs } from "./siteOutputs.ts";
import { scheduleBackups } from "./siteSchedule.ts";
import type { VaultAddress } from "./vaultReplication.ts";

export interface PrimarySiteArgs
  extends
    SiteArgs,
    Readonly<Pick<PrimarySettings, "cloudflareAccountId" | "standbyVaultBucketArn" | "standbyVaultKeyArn">> {}

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
        deployerArns: args.deployerArns,
        signingKeyArn: signing.keyArn,
        ...(standby && { replicateTo: { ...standby, region: args.peerAwsRegion } }),
      },
      child,
    );
    const { supabaseOrganization: organization, supabaseRegion: region } = args;
    const database = new Database(
      "database",
      { projectName: PRIMARY_DATABASE_NAME, organization, region, protect },
      child,
    );
    const backups = scheduleBackups(args, { site, vault, signing, database }, child);
    const sourceUrl = cloneUrl(args.repository, args.endpoints.github);
    const application = new Application(
      "application",
      {
        projectName: args.vercelProject,
        release: { sourceUrl, sourceRef: args.branch, database, ...healthPathOf(args) },
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
        stack: args.stack,
        generation: args.generation,
        projectId: application.projectId,
        deploymentUrl: application.deploymentUrl,
        ...healthPathOf(args),
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
