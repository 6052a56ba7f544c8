import * as pulumi from "@pulumi/pulumi";

import { cloneUrl, drillName, PRIMARY_DATABASE_NAME, recoveredDatabaseName, type Site } from "../planning/names.ts";
import type { StandbySettings } from "../settings/settings.ts";
import { Application } from "./application.ts";
import { BackupVault } from "./backupVault.ts";
import { Database } from "./database.ts";
import { MirrorRepository } from "./mirrorRepository.ts";
import type { DeclaredGenerations } from "./recovery/generations.ts";
import { PrimaryFence } from "./recovery/primaryFence.ts";
import { checkTrafficLease } from "./recovery/trafficLease.ts";
import { TrafficSwitch } from "./recovery/trafficSwitch.ts";
import { SigningKey } from "./signingKey.ts";
import { healthPathOf, type SiteArgs } from "./siteArgs.ts";
import {
  type EarlierGeneration,
  runningOutputs,
  type RunningSite,
  scheduleOutputs,
  type SiteOutputs,
  vaultOutputs,
} from "./siteOutputs.ts";
import { scheduleBackups } from "./siteSchedule.ts";

export interface StandbySiteArgs
  extends
    SiteArgs,
    Pick<StandbySettings, "mode" | "mirrorOwner" | "mirrorRepository">,
    Readonly<Partial<Pick<StandbySettings, "peerVercelProject" | "backup" | "at" | "olderAuthSettings">>> {
  /** The generations of the recovered database to declare while the site is active. @default - only the present one, as the first */
  readonly generations?: DeclaredGenerations | undefined;
}

/**
 * The site that stands ready in another region. It has the vault's replica, a signing key, a mirror of the code and an empty app project;
 * in a recovery also the database, the app and the public name. It needs nothing of the primary.
 */
export class StandbySite extends pulumi.ComponentResource {
  readonly outputs: SiteOutputs;

  constructor(name: string, args: StandbySiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("castchat:index:StandbySite", name, {}, opts);
    const { project, awsAccountId, awsRegion, tiers, protect, mode } = args;
    const site: Site = { project, role: "standby", accountId: awsAccountId, region: awsRegion };
    const primary: Site = { project, role: "primary", accountId: args.peerAwsAccountId, region: args.peerAwsRegion };
    const child = { parent: this };

    const { deployerArns } = args;
    const signing = new SigningKey("signing", { site, deployerArns, protect }, child);
    const guards = { signingKeyArn: signing.keyArn, deployerArns, disposable: args.disposableVault };
    const vault = new BackupVault("vault", { site, tiers, protect, replicaOf: primary, ...guards }, child);
    new MirrorRepository(
      "mirror",
      { repositoryName: args.mirrorRepository, mirrorOf: args.repository, protect },
      child,
    );
    const mirrorUrl = cloneUrl(`${args.mirrorOwner}/${args.mirrorRepository}`, args.endpoints.github);

    // A drill must not touch the running primary.
    const fence = mode === "active" ? this.#fencePrimary(args) : undefined;
    const trustedWriterKeys = keysTrustedBy(args, signing);
    const earlier = mode === "active" ? this.#keepEarlier(args, { vault, trustedWriterKeys }) : [];
    const database =
      mode === "standby" ? undefined : this.#recoverDatabase(args, mode, { vault, trustedWriterKeys }, fence);
    const application = new Application(
      "application",
      {
        projectName: args.vercelProject,
        ...(database && { release: { sourceUrl: mirrorUrl, sourceRef: args.branch, database, ...healthPathOf(args) } }),
        protect,
      },
      child,
    );
    const running = database && this.#takeTraffic(args, database, application);
    // The recovered site takes real backups into its own vault. They never delay the recovery.
    const backups =
      mode === "active" && running
        ? scheduleBackups(args, { site, vault, signing, database: running.database, after: running.traffic }, child)
        : undefined;

    this.outputs = {
      ...vaultOutputs(awsRegion, vault, signing),
      mirrorUrl,
      ...(fence && { fence: fence.results }),
      ...(running && runningOutputs(running)),
      ...(earlier.length > 0 && { earlierGenerations: earlier }),
      ...(backups && scheduleOutputs(backups)),
    };
    this.registerOutputs({});
  }

  #recoverDatabase(
    args: StandbySiteArgs,
    mode: "active" | "drill",
    { vault, trustedWriterKeys }: RestoreFrom,
    fence: PrimaryFence | undefined,
  ): Database {
    const { generation, backup, at, olderAuthSettings } = args;
    return new Database(
      mode === "drill" ? partName(mode, "database") : generationName(args, generation),
      {
        projectName: recoveredDatabaseName(mode, generation),
        organization: args.supabaseOrganization,
        region: args.supabaseRegion,
        restore: { vaultBucket: vault.bucket, trustedWriterKeys, backup, at, olderAuthSettings, generation },
        protect: mode === "active" && args.protect,
      },
      { parent: this, ...(fence && { dependsOn: [fence] }) },
    );
  }

  /** Declares the databases of earlier generations. They are not changed, and the engine refuses to delete them. */
  #keepEarlier(args: StandbySiteArgs, { vault, trustedWriterKeys }: RestoreFrom): EarlierGeneration[] {
    const others = generationsOf(args).declared.filter((one) => one !== args.generation);
    return others.map((generation) => {
      const { projectName, ref } = new Database(
        generationName(args, generation),
        {
          projectName: recoveredDatabaseName("active", generation),
          organization: args.supabaseOrganization,
          region: args.supabaseRegion,
          restore: { vaultBucket: vault.bucket, trustedWriterKeys, generation },
          kept: true,
          protect: args.protect,
        },
        { parent: this },
      );
      return { generation, projectName, ref };
    });
  }

  #fencePrimary(args: StandbySiteArgs): PrimaryFence {
    const { supabaseOrganization: organization, peerVercelProject: vercelProject, generation } = args;
    const left = generationsOf(args).declared.findLast((one) => one < generation);
    return new PrimaryFence(
      "fence",
      {
        organization,
        databaseName: PRIMARY_DATABASE_NAME,
        generation,
        ...(left !== undefined && { leftDatabaseName: recoveredDatabaseName("active", left) }),
        ...(vercelProject !== undefined && { vercelProject }),
      },
      { parent: this },
    );
  }

  #takeTraffic(args: StandbySiteArgs, database: Database, application: Application): RunningSite {
    const { mode, zoneName, stack, generation } = args;
    const publicName = mode === "drill" ? drillName(args.publicName) : args.publicName;
    const lease = checkTrafficLease({ publicName, zoneName, stack, generation }, { parent: this });
    const traffic = new TrafficSwitch(
      partName(mode, "traffic"),
      {
        publicName,
        zoneName,
        projectId: application.projectId,
        deploymentUrl: application.deploymentUrl,
        stack: lease.apply(() => stack),
        generation,
        ...healthPathOf(args),
      },
      { parent: this, protect: mode === "active" && args.protect, dependsOn: [application] },
    );
    return { database, application, traffic, publicName };
  }
}

/** The sources of every restore of a site. */
interface RestoreFrom {
  readonly vault: BackupVault;
  readonly trustedWriterKeys: pulumi.Output<string[]>;
}

/** The writers whose backups a standby restores: those in its settings, and itself, because it backs up what it recovered. */
function keysTrustedBy({ trustedWriterKeys }: StandbySiteArgs, signing: SigningKey): pulumi.Output<string[]> {
  return signing.publicKeyPem.apply((own) => [...new Set([...trustedWriterKeys, own])]);
}

function generationsOf({ generations, generation }: StandbySiteArgs): DeclaredGenerations {
  return generations ?? { first: generation, declared: [generation] };
}

/**
 * The first generation's database keeps the name that every stack began with, so that it isn't replaced. Later generations have their
 * number.
 */
function generationName(args: StandbySiteArgs, generation: number): string {
  return generation === generationsOf(args).first ? "database" : `database-g${generation}`;
}

/**
 * A drill's parts have names of their own, so that the engine never sees them as changed parts of the recovered site. A change from active
 * to drill would delete protected resources, and is refused.
 */
function partName(mode: StandbySiteArgs["mode"], part: string): string {
  return mode === "drill" ? `drill-${part}` : part;
}
