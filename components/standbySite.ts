import * as pulumi from "@pulumi/pulumi";

import { PRIMARY_DATABASE_NAME, probeNameOf, recoveredDatabaseName, type Site } from "../planning/names.ts";
import type { App } from "../settings/apps.ts";
import { nameOfPart } from "../settings/managedParts.ts";
import type { MirroredRepository } from "../settings/repositories.ts";
import type { StandbySettings } from "../settings/settings.ts";
import { Application } from "./application.ts";
import { BackupVault } from "./backupVault.ts";
import { Database } from "./database.ts";
import { type EarlierDatabase, earlierOutputs, generationName, keepEarlierDatabases } from "./earlierDatabases.ts";
import { callsIn, type Recovered, releaseFrom, type RestoreFrom } from "./recoveredRelease.ts";
import type { DeclaredGenerations } from "./recovery/generations.ts";
import { compareLiveBuild } from "./recovery/liveBuild.ts";
import { PrimaryFence } from "./recovery/primaryFence.ts";
import { ProbeName } from "./recovery/probeName.ts";
import { rehearseTakeover } from "./recovery/trafficLease.ts";
import { SigningKey } from "./signingKey.ts";
import type { SiteArgs } from "./siteArgs.ts";
import { keepMirrorsCurrent, mirrorCode, mirrorOutputs, mirrorsOf } from "./siteMirrors.ts";
import { appOutputs, databaseOutputs, scheduleOutputs, type SiteOutputs, vaultOutputs } from "./siteOutputs.ts";
import { scheduleBackups } from "./siteSchedule.ts";
import { openVariables } from "./siteVariables.ts";
import { partName, takeTraffic } from "./standbyTraffic.ts";

export interface StandbySiteArgs
  extends
    SiteArgs,
    Pick<StandbySettings, "mode" | "supabaseOrganization" | "supabaseRegion">,
    Readonly<Partial<Pick<StandbySettings, RecoverySetting | "mirrorIntervalHours">>> {
  /** The generations of the recovered database to declare while the site is active. @default - only the present one, as the first */
  readonly generations?: DeclaredGenerations | undefined;
}

/** The settings of one recovery, and of the primary that it stops. */
type RecoverySetting =
  ("peerSupabaseRef" | "peerDatabaseUrl" | "takeover" | "backup" | "at" | "olderAuthSettings") | "withoutVariables";

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
    const mirrors = mirrorCode(args, child);
    keepMirrorsCurrent(args, site, child);

    const trustedWriterKeys = keysTrustedBy(args, signing);
    const from = { vault, trustedWriterKeys };
    // The identity that opens them may not be at hand: the recovery says so before it stops or builds anything.
    const variables = openVariables({ ...args, ...from }, child);
    const earlier =
      mode === "active" ? keepEarlierDatabases(args, { vaultBucket: vault.bucket, trustedWriterKeys }, child) : [];
    // A drill must not touch the running primary.
    const fence = mode === "active" ? this.#fencePrimary(args, earlier, variables.opened) : undefined;
    const after = fence ? [fence] : variables.opened;
    const database = mode === "standby" ? undefined : this.#recoverDatabase(args, mode, from, after);
    const applications = args.apps.map((app) => {
      const recovered = database && { database, source: from, sealed: variables.of(app) };
      const application = this.#keepApp(app, args, mirrors, recovered);
      const probe = new ProbeName(
        nameOfPart("probe", app),
        { probeName: probeNameOf(app, args.zoneName), zoneName: args.zoneName, projectId: application.projectId },
        child,
      );
      return { app, application, probe };
    });
    const running = database
      ? takeTraffic(args, applications, this)
      : applications.map((one) => ({ ...one, switches: [] }));
    // The recovered site takes real backups into its own vault. They never delay the recovery.
    const backups =
      mode === "active" && database
        ? scheduleBackups(
            args,
            { site, vault, signing, database, after: running.flatMap(({ switches }) => switches) },
            child,
          )
        : undefined;

    this.outputs = {
      ...vaultOutputs(awsRegion, vault, signing),
      ...mirrorOutputs(mirrors),
      ...(fence && { fence: fence.results }),
      ...(database && { ...databaseOutputs(database), ...appOutputs(args.apps, running) }),
      ...earlierOutputs(earlier),
      ...(backups && scheduleOutputs(backups)),
    };
    this.registerOutputs({});
  }

  /** Declares an app's project, empty while there is no database for it. With a database also its deployment. */
  #keepApp(
    app: App,
    args: StandbySiteArgs,
    mirrors: readonly MirroredRepository[],
    recovered: Recovered | undefined,
  ): Application {
    const source = mirrorsOf(app, mirrors);
    const application = new Application(
      nameOfPart("application", app),
      {
        projectName: app.project,
        build: app.build,
        ...(recovered && {
          release: {
            ...source,
            probeName: probeNameOf(app, args.zoneName),
            sourceRef: app.branch,
            ...releaseFrom(app, recovered),
            ...callsIn(args.mode),
          },
        }),
        protect: args.protect,
      },
      { parent: this },
    );
    if (recovered) return application;
    const { peerProject: projectName, build } = app;
    if (projectName !== undefined && build !== undefined)
      void compareLiveBuild({ projectName, build }, this, { parent: this });
    const { zoneName, stack, generation, takeover = [] } = args;
    for (const publicName of app.publicNames)
      void rehearseTakeover(
        {
          publicName,
          zoneName,
          projectName: app.project,
          stack,
          generation,
          takeover: takeover.includes(publicName),
        },
        this,
        { parent: this },
      );
    return application;
  }

  #recoverDatabase(
    args: StandbySiteArgs,
    mode: "active" | "drill",
    { vault, trustedWriterKeys }: RestoreFrom,
    dependsOn: pulumi.Resource[],
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
      { parent: this, dependsOn },
    );
  }

  #fencePrimary(
    args: StandbySiteArgs,
    earlier: readonly EarlierDatabase[],
    dependsOn: pulumi.Resource[],
  ): PrimaryFence {
    const { supabaseOrganization: organization, peerSupabaseRef, peerDatabaseUrl, generation } = args;
    const left = earlier.findLast((one) => one.generation < generation);
    const [vercelProject, ...further] = args.apps.flatMap(({ peerProject }) => peerProject ?? []);
    return new PrimaryFence(
      "fence",
      {
        organization,
        databaseName: PRIMARY_DATABASE_NAME,
        generation,
        ...(left && {
          leftDatabaseName: left.projectName,
          leftDatabaseRef: left.database.ref,
          leftConnectionString: left.database.connectionString,
        }),
        ...(vercelProject !== undefined && { vercelProject }),
        ...(further.length > 0 && { furtherVercelProjects: further }),
        ...(peerSupabaseRef !== undefined && { databaseRef: peerSupabaseRef }),
        ...(peerDatabaseUrl !== undefined && { connectionString: pulumi.secret(peerDatabaseUrl) }),
      },
      { parent: this, dependsOn },
    );
  }
}

/** The writers whose backups a standby restores: those in its settings, and itself, because it backs up what it recovered. */
function keysTrustedBy({ trustedWriterKeys }: StandbySiteArgs, signing: SigningKey): pulumi.Output<string[]> {
  return signing.publicKeyPem.apply((own) => [...new Set([...trustedWriterKeys, own])]);
}
