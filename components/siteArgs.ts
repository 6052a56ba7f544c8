import type * as pulumi from "@pulumi/pulumi";

import type { Tier } from "../planning/tiers.ts";
import type { Endpoints } from "../settings/endpoints.ts";
import type { RunnerSettings, RunnerToken } from "../settings/runnerSettings.ts";
import type { RunnerCode } from "./backupRunner.ts";

/** The arguments of both kinds of site. The program's settings fit. */
export interface SiteArgs {
  /** Name of the Pulumi project; all names derive from it. */
  readonly project: string;
  /** Name of the stack, which the traffic's lease contains. */
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
  readonly endpoints: Endpoints;
  /** Hours between two backups. */
  readonly intervalHours: number;
  /** Tables (`schema.table`) that every proven backup must contain. */
  readonly criticalTables: readonly string[];
  /** Percent by which a backup may hold less than the last one and still count as proven. */
  readonly shrinkPercent: number;
  /** The recipients (age1…) to which the runner encrypts backups before upload; without any, the vault's own encryption applies. */
  readonly ageRecipients: readonly string[];
  readonly scheduledRun: ScheduledRun;
  readonly generation: number;
  /** The principals that may change the vault's protection: ARNs, with * and ?. @default - see BackupVault */
  readonly deployerArns?: readonly string[] | undefined;
  /** Refuse to delete what must not be lost. */
  readonly protect: boolean;
  /** The vault's content may be thrown away. Otherwise the vault is protected whatever `protect` says. @default false */
  readonly disposableVault?: boolean | undefined;
}

/** What a site's scheduled runs need beyond the site's own resources. */
export interface ScheduledRun {
  readonly code: RunnerCode;
  /** The container image that a run starts in. */
  readonly image: string;
  /** Secrets. The configuration backup leaves out services without a token. */
  readonly tokens: Readonly<Partial<Record<RunnerToken, pulumi.Input<string>>>>;
  /** Where Pulumi keeps the stack's state. @default - no run stores it */
  readonly state?: RunnerSettings["state"];
}
