import * as pulumi from "@pulumi/pulumi";

import { cloneUrl, PRIMARY_DATABASE_NAME, type Site } from "../planning/names.ts";
import type { App } from "../settings/apps.ts";
import { nameOfPart, ZONE_COMPONENT } from "../settings/managedParts.ts";
import type { PrimarySettings } from "../settings/settings.ts";
import { Application } from "./application.ts";
import { BackupVault } from "./backupVault.ts";
import { Database } from "./database.ts";
import { DnsZone, type DnsZoneArgs } from "./dnsZone.ts";
import type { Managing } from "./managed.ts";
import { TrafficSwitch } from "./recovery/trafficSwitch.ts";
import { SigningKey } from "./signingKey.ts";
import { healthOf, nameOfTraffic, type SiteArgs } from "./siteArgs.ts";
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
    Readonly<Partial<Pick<PrimarySettings, OfAState | "dnsRecords" | "standbyVaultBucketArn" | "standbyVaultKeyArn">>> {
  /** How what is managed is declared. @default - nothing is managed */
  readonly managing?: Managing | undefined;
}

/** The settings that only one state of the database or the zone needs. */
type OfAState = "supabaseRef" | "databaseUrl" | "supabaseOrganization" | "supabaseRegion" | "cloudflareAccountId";

/**
 * The site that CastChat runs on: vault, signing key, and the database's backups. The database, the zone, and each app with its public
 * names are created only where their state is `create`. Of a managed app its project is declared, of a managed zone the zone and its own
 * records. What exists is read and backed up.
 */
export class PrimarySite extends pulumi.ComponentResource {
  readonly outputs: SiteOutputs;

  constructor(name: string, args: PrimarySiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:PrimarySite", name, {}, opts);
    const { project, awsAccountId, awsRegion, tiers, protect } = args;
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
    const zone = args.dns === "existing" ? undefined : new DnsZone(ZONE_COMPONENT, whichZone(args), child);
    for (const app of args.apps.filter(({ state }) => state === "managed")) this.#manage(app, managingOf(args));
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

  /** Declares a live app's project, and nothing else of the app. */
  #manage(app: App, managing: Managing): void {
    const { project: projectName, build, gitRepository } = app;
    new Application(
      nameOfPart("application", app),
      { projectName, build, managed: { gitRepository, managing } },
      { parent: this },
    );
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

/** The live zone, or the new one. */
function whichZone(args: PrimarySiteArgs): DnsZoneArgs {
  const { dns, zoneName, dnsRecords: records = [], cloudflareAccountId: accountId, protect } = args;
  if (dns !== "managed") return { zoneName, accountId: needed(args, "cloudflareAccountId"), protect };
  const managing = managingOf(args);
  if (accountId === undefined)
    throw new pulumi.RunError(
      `castchat-recovery:cloudflareAccountId is not set, but dns is "managed". Run \`castchat-recovery adopt -s ${args.stack}\`, which sets it.`,
    );
  return { zoneName, accountId, records, managing };
}

function managingOf({ managing }: PrimarySiteArgs): Managing {
  if (managing) return managing;
  throw new pulumi.RunError("A part of the settings is managed, but the program has not read what was adopted.");
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
