import * as pulumi from "@pulumi/pulumi";

import { cloneUrl, PRIMARY_DATABASE_NAME, type Site } from "../planning/names.ts";
import type { App } from "../settings/apps.ts";
import type { PrimarySettings } from "../settings/settings.ts";
import { Application } from "./application.ts";
import { BackupVault } from "./backupVault.ts";
import { Database } from "./database.ts";
import { DnsZone } from "./dnsZone.ts";
import { TrafficSwitch } from "./recovery/trafficSwitch.ts";
import { SigningKey } from "./signingKey.ts";
import { healthOf, nameOfPart, nameOfTraffic, type SiteArgs } from "./siteArgs.ts";
import {
  appOutputs,
  databaseOutputs,
  type RunningApp,
  scheduleOutputs,
  type SiteOutputs,
  vaultOutputs,
} from "./siteOutputs.ts";
import { scheduleBackups } from "./siteSchedule.ts";
import type { VaultAddress } from "./vaultReplication.ts";

export interface PrimarySiteArgs
  extends
    SiteArgs,
    Readonly<Pick<PrimarySettings, "database" | "dns">>,
    Readonly<Partial<Pick<PrimarySettings, OfAState | "standbyVaultBucketArn" | "standbyVaultKeyArn">>> {}

/** The settings that only one state of the database or the zone needs. */
type OfAState = "supabaseRef" | "databaseUrl" | "supabaseOrganization" | "supabaseRegion" | "cloudflareAccountId";

/**
 * The site that CastChat runs on: vault, signing key, and the database's backups. The database, the zone, and each app with its public
 * names are declared only where their state is `create`. What exists is read and backed up.
 */
export class PrimarySite extends pulumi.ComponentResource {
  readonly outputs: SiteOutputs;

  constructor(name: string, args: PrimarySiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:PrimarySite", name, {}, opts);
    const { project, awsAccountId, awsRegion, tiers, zoneName, protect } = args;
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
    const database = new Database("database", { ...whichDatabase(args), protect }, child);
    const backups = scheduleBackups(args, { site, vault, signing, database }, child);
    const zone =
      args.dns === "create"
        ? new DnsZone("dns", { zoneName, accountId: needed(args, "cloudflareAccountId"), protect }, child)
        : undefined;
    const running = args.apps
      .filter(({ state }) => state === "create")
      .map((app) => this.#run(app, args, database, zone));

    this.outputs = {
      ...vaultOutputs(awsRegion, vault, signing),
      ...databaseOutputs(database),
      ...appOutputs(args.apps, running),
      ...scheduleOutputs(backups),
    };
    this.registerOutputs({});
  }

  /** Declares an app, its deployment and its public names. */
  #run(app: App, args: PrimarySiteArgs, database: Database, zone: DnsZone | undefined): RunningApp {
    const { zoneName, stack, generation, protect } = args;
    const application = new Application(
      nameOfPart("application", app),
      {
        projectName: app.project,
        build: app.build,
        release: {
          sourceUrl: cloneUrl(app.repository, args.endpoints.github),
          sourceRef: app.branch,
          database,
          connection: app.connection,
          ...healthOf(app),
        },
        protect,
      },
      { parent: this },
    );
    const switches = app.publicNames.map(
      (publicName) =>
        new TrafficSwitch(
          nameOfTraffic("traffic", app, publicName),
          {
            publicName,
            zoneName,
            stack,
            generation,
            projectId: application.projectId,
            deploymentUrl: application.deploymentUrl,
            ...healthOf(app),
          },
          { parent: this, protect, dependsOn: [...(zone ? [zone] : []), application] },
        ),
    );
    return { app, application, switches };
  }
}

/** The live database, or the new one. */
function whichDatabase(args: PrimarySiteArgs) {
  if (args.database === "existing")
    return {
      existing: { ref: needed(args, "supabaseRef"), connectionString: pulumi.secret(needed(args, "databaseUrl")) },
    };
  return {
    projectName: PRIMARY_DATABASE_NAME,
    organization: needed(args, "supabaseOrganization"),
    region: needed(args, "supabaseRegion"),
  };
}

/** A setting that a state needs. The check of the settings has refused a stack without it. */
function needed(args: PrimarySiteArgs, key: OfAState): string {
  const value = args[key];
  if (value === undefined) throw new pulumi.RunError(`castchat-recovery:${key} is not set.`);
  return value;
}

function standbyVault({ standbyVaultBucketArn, standbyVaultKeyArn }: PrimarySiteArgs): VaultAddress | undefined {
  if (standbyVaultBucketArn === undefined || standbyVaultKeyArn === undefined) return undefined;
  return { bucketArn: standbyVaultBucketArn, keyArn: standbyVaultKeyArn };
}
