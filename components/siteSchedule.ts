import * as pulumi from "@pulumi/pulumi";

import type { Site } from "../planning/names.ts";
import { flatEndpoints } from "../settings/endpoints.ts";
import { sourcesOf } from "../settings/repositories.ts";
import { type DeclaredRunnerSettings, ownTokenOfRuns, RUNNER_TOKENS } from "../settings/runnerSettings.ts";
import { BackupSchedule } from "./backupSchedule.ts";
import type { BackupVault } from "./backupVault.ts";
import type { Database } from "./database.ts";
import { sourceFile } from "./scheduledBuild.ts";
import type { SigningKey } from "./signingKey.ts";
import type { SiteArgs } from "./siteArgs.ts";

/** The parts of a site that its backups read and write. */
export interface BackedUpSite {
  readonly site: Site;
  readonly vault: BackupVault;
  readonly signing: SigningKey;
  readonly database: Database;
  /** Resources that must exist before the first run is declared. @default - only the database */
  readonly after?: readonly pulumi.Resource[];
}

/** A site's backups, and their runs' settings for a run by hand. */
export interface SiteSchedule {
  readonly schedule: BackupSchedule;
  readonly settings: pulumi.Output<DeclaredRunnerSettings>;
}

/** Declares a site's own backups into its own vault. They begin when the database exists and, in a recovery, is restored. */
export function scheduleBackups(
  args: SiteArgs,
  parts: BackedUpSite,
  opts: pulumi.ComponentResourceOptions,
): SiteSchedule {
  const { site, vault, signing, database, after = [] } = parts;
  const settings = runnerSettings(args, parts);
  const { state, code, source, image, compute, tokens } = args.scheduledRun;
  const schedule = new BackupSchedule(
    "schedule",
    {
      site,
      tiers: args.tiers,
      vaultBucketArn: vault.bucketArn,
      vaultKeyArn: vault.keyArn,
      signingKeyArn: signing.keyArn,
      intervalHours: args.intervalHours,
      code,
      source,
      image,
      compute,
      tokens,
      ...(state !== undefined && { checkpoint: { ...state, stack: args.stack } }),
      settings: settings.apply((one) => JSON.stringify(one)),
      databaseUrl: database.connectionString,
    },
    { ...opts, dependsOn: [database, ...after] },
  );
  noteMissingTokens(args, schedule);
  return { schedule, settings };
}

/**
 * A run without a token still stores the database, and ends with exit code 1. Only the first `up` gives the runs their tokens, and whether others
 * have been set since, only AWS knows. So this is no warning.
 */
function noteMissingTokens({ stack, scheduledRun: { tokens } }: SiteArgs, schedule: BackupSchedule): void {
  const missing = RUNNER_TOKENS.filter((name) => tokens[name] === undefined);
  if (missing.length === 0) return;
  void pulumi.log.info(
    `This \`up\` has no tokens for the scheduled backups to read with: ${missing.map(ownTokenOfRuns).join(", ")} ${missing.length === 1 ? "is" : "are"} not set. Tokens that the runs have stay. \`castchat-recovery schedule -s ${stack}\` shows which are missing, and \`schedule rotate\` sets them.`,
    schedule,
  );
}

function runnerSettings(
  args: SiteArgs,
  { vault, signing, database }: BackedUpSite,
): pulumi.Output<DeclaredRunnerSettings> {
  const { stack, shrinkPercent, vercelTeam, zoneName } = args;
  const { state, source, rootCertificates } = args.scheduledRun;
  return pulumi
    .all([vault.bucket, signing.keyArn, database.ref])
    .apply(([vaultBucket, signingKeyArn, supabaseRef]) => ({
      stack,
      region: args.awsRegion,
      vaultBucket,
      signingKeyArn,
      trustedWriterKeys: [...args.trustedWriterKeys],
      tiers: args.tiers.map(({ name, prefix, period, lockDays }) => ({ name, prefix, period, lockDays })),
      criticalTables: [...args.criticalTables],
      shrinkPercent,
      ageRecipients: [...args.ageRecipients],
      ...sourcesOf(args),
      ...(vercelTeam !== undefined && { vercelTeam }),
      zoneName,
      supabaseRef,
      ...(state !== undefined && { state }),
      ...(source && { source: { commit: source.commit, file: sourceFile(source) } }),
      ...(rootCertificates !== undefined && { rootCertificates }),
      // A run needs no public name.
      ...flatEndpoints({ ...args.endpoints, edge: undefined }),
    }));
}
