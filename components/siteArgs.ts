import type * as pulumi from "@pulumi/pulumi";

import { HEALTH_PATH } from "../planning/names.ts";
import type { RunnerSize } from "../planning/runnerMachine.ts";
import type { App } from "../settings/apps.ts";
import type { HealthAnswer } from "../settings/healthAnswer.ts";
import { nameOfPart } from "../settings/managedParts.ts";
import type { MirrorTokenVariable, RunnerSettings, RunnerToken } from "../settings/runnerSettings.ts";
import type { CommonSettings } from "../settings/settings.ts";
import type { DeployedSource, RunnerCode } from "./scheduledBuild.ts";

/** The arguments of both kinds of site, most of them settings (Pulumi.yaml says what each is). The program's settings fit. */
export interface SiteArgs
  extends
    Readonly<Pick<CommonSettings, SettingOfSites>>,
    Readonly<Partial<Pick<CommonSettings, "vercelTeam" | "deployerArns" | "disposableVault" | "repositories">>> {
  /** Public keys (PEM) of the writers whose backups are trusted. */
  readonly trustedWriterKeys: readonly string[];
  readonly criticalTables: readonly string[];
  readonly ageRecipients: readonly string[];
  readonly scheduledRun: ScheduledRun;
}

type SettingOfSites =
  | ("project" | "stack" | "awsAccountId" | "awsRegion" | "peerAwsAccountId" | "peerAwsRegion" | "tiers")
  | ("apps" | "zoneName")
  | ("endpoints" | "intervalHours" | "shrinkPercent" | "generation" | "protect");

/** The health contract as arguments, where it is not the default: what earlier versions declared stays as it is. */
export function healthOf({ healthPath, healthAnswer }: App): { healthPath?: string; healthAnswer?: HealthAnswer } {
  return { ...(healthPath !== HEALTH_PATH && { healthPath }), ...(healthAnswer && { healthAnswer }) };
}

/** What a site's scheduled runs need beyond the site's own resources. */
export interface ScheduledRun {
  readonly code: RunnerCode;
  /** @default - runs have no source to store, which `up` says */
  readonly source?: DeployedSource | undefined;
  /** The container image that a run starts in. */
  readonly image: string;
  /** The size of its machine. @default small */
  readonly compute?: RunnerSize | undefined;
  /** Secrets. The configuration backup leaves out services without a token. */
  readonly tokens: Readonly<Partial<Record<RunnerToken, pulumi.Input<string>>>>;
  /** What a standby's mirror builds are made of. @default - it can have none */
  readonly mirror?: MirrorRun | undefined;
  /** Where Pulumi keeps the stack's state. @default - no run stores it */
  readonly state?: RunnerSettings["state"];
  /** Root certificates (PEM) of the database's server, or `system`. @default - Supabase's */
  readonly rootCertificates?: string;
}

/** What a site's mirror builds need beyond the site's own resources. */
interface MirrorRun {
  readonly code: RunnerCode;
  /** Secrets. One that is not given stays as it is. */
  readonly tokens: Readonly<Partial<Record<MirrorTokenVariable, pulumi.Input<string>>>>;
}

/** Name of the traffic switch of one of an app's public names. The first has the name that every stack with one public name began with. */
export function nameOfTraffic(part: string, app: App, publicName: string): string {
  const ofApp = nameOfPart(part, app);
  return publicName === app.publicNames[0] ? ofApp : `${ofApp}-${publicName.replaceAll(".", "-")}`;
}
