import type * as pulumi from "@pulumi/pulumi";

import type { App } from "../settings/apps.ts";
import type { StandbySettings } from "../settings/settings.ts";
import type { ApplicationRelease } from "./application.ts";
import type { BackupVault } from "./backupVault.ts";
import type { Database } from "./database.ts";
import { healthOf } from "./siteArgs.ts";

/** The sources of every restore of a site. */
export interface RestoreFrom {
  readonly vault: BackupVault;
  readonly trustedWriterKeys: pulumi.Output<string[]>;
}

/** A database, and where it was restored from. */
export interface Recovered {
  readonly database: Database;
  readonly source: RestoreFrom;
  /** The app's own variables. */
  readonly sealed: ApplicationRelease["sealed"];
}

/** What a recovered app is deployed with. Without build settings it is built as its live project was when the newest backup was taken. */
export function releaseFrom(
  app: App,
  { database, source: { vault, trustedWriterKeys }, sealed }: Recovered,
): Omit<ApplicationRelease, "sourceUrl" | "sourceRef"> {
  const { build, peerProject: projectName, connection } = app;
  const isKnown = build !== undefined || projectName === undefined;
  return {
    database,
    connection,
    sealed,
    ...(!isKnown && { storedBuild: { projectName, vaultBucket: vault.bucket, trustedWriterKeys } }),
    ...healthOf(app),
  };
}

/** A drill has the customers' data, and makes none of the calls on a schedule that may reach them. */
export function callsIn(mode: StandbySettings["mode"]): { withoutScheduledCalls?: true } {
  return mode === "drill" ? { withoutScheduledCalls: true } : {};
}
