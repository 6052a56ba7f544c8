import type { Site } from "../../planning/names.ts";
import type { AppHost } from "../../services/appHost/appHost.ts";
import type { AppSetUp } from "../../services/appHost/appSetUp.ts";
import type { Edge } from "../../services/appHost/edge.ts";
import type { AwsFacts } from "../../services/aws/awsFacts.ts";
import type { CodeHost } from "../../services/codeHost/codeHost.ts";
import type { Git } from "../../services/codeHost/git.ts";
import type { Clock } from "../../services/common/clock.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import type { TokenFacts } from "../../services/http/tokenFacts.ts";
import type { RunnerSecrets, RunnerSecretsOptions } from "../../services/scheduler/runnerSecrets.ts";
import type { ScheduledRuns } from "../../services/scheduler/scheduledRuns.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { Mirror } from "../../settings/repositories.ts";
import type { TokenVariable } from "../../settings/runnerSettings.ts";
import type { Settings } from "../../settings/settings.ts";
import type { StateBucket } from "../../settings/stateBackendUrl.ts";
import { type ChosenBackup, newestProven } from "../vault/chooseBackup.ts";
import { type BackupSummary, listBackups } from "../vault/listBackups.ts";
import type { DatabaseFacts } from "./databaseFacts.ts";
import type { Machine } from "./machine.ts";

/** Outputs that a stack has once it is up. */
export interface KnownOutputs {
  readonly vaultBucket?: string | undefined;
  readonly signingPublicKey?: string | undefined;
  readonly supabaseRef?: string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly schedule?: { readonly name: string; readonly project: string; readonly missedRunsUrl: string } | undefined;
}

/** The services that are asked. One without its token throws when it is asked for. */
export interface DoctorPorts {
  readonly databaseHost: () => DatabaseHost;
  readonly appHost: () => AppHost;
  /** The app host with the token and the team of the other stack. */
  readonly peerAppHost: () => AppHost;
  readonly dns: () => DnsHost;
  readonly codeHost: () => CodeHost;
  /** The code host of the mirrors, GitHub by default. */
  readonly mirrorHost: (kind?: Mirror["kind"]) => CodeHost;
  readonly git: () => Git;
  readonly edge: Edge;
  /** What its service says of a token: of that variable, or of another one for the same service. */
  readonly inspectToken: (variable: TokenVariable, signal: AbortSignal, other?: string) => Promise<TokenFacts>;
  readonly vault: (bucket: string) => Vault;
  readonly scheduledRuns: (names: { schedule: string; project: string; missedRunsUrl: string }) => ScheduledRuns;
  /** The secrets with the tokens of the scheduled runs. */
  readonly runnerSecrets: (form: Pick<RunnerSecretsOptions, "keyOf" | "none">) => RunnerSecrets;
  /** AWS of the stack's region. */
  readonly aws: () => AwsFacts;
  /** AWS where Pulumi's state is. */
  readonly awsOfState: (bucket: StateBucket) => AwsFacts;
  readonly database: (connectionString: string, signal: AbortSignal) => Promise<DatabaseFacts>;
  /** What is installed on this machine. */
  readonly machine: Machine;
}

/** A stack to look at. */
export interface Patient {
  readonly settings: Settings;
  /** Undefined if no `pulumi up` of the stack has ended yet. */
  readonly outputs: KnownOutputs | undefined;
  readonly ports: DoctorPorts;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Ends every question: the deadline, or an interruption. */
  readonly signal: AbortSignal;
}

/** A stack, and what several checks need of it: each of these questions is asked once. */
export interface Subject extends Patient {
  readonly site: Site;
  /** The backups of the stack's vault, newest first; undefined if there is no vault yet. */
  readonly backups: () => Promise<BackupSummary[] | undefined>;
  /** The newest backup that a recovery would take. */
  readonly newest: () => Promise<ChosenBackup | undefined>;
  /** The zone's id; undefined if the token does not see the zone. */
  readonly zoneId: () => Promise<string | undefined>;
  /** An app's project at its host; undefined if the token sees no such project. */
  readonly setUp: (project: string) => Promise<AppSetUp | undefined>;
  /** The same of a project of the other stack. */
  readonly peerSetUp: (project: string) => Promise<AppSetUp | undefined>;
  /** The database that the stack backs up or, for a standby that has none, the primary's. */
  readonly databaseUrl: string | undefined;
  /** Its size and version; undefined without an address. */
  readonly database: () => Promise<DatabaseFacts | undefined>;
}

/** Prepares a stack for its checks. Asks nothing yet. */
export function subjectOf(patient: Patient): Subject {
  const { settings, outputs, ports, clock, signal } = patient;
  const { project, role, awsAccountId: accountId, awsRegion: region, zoneName } = settings;
  const databaseUrl = outputs?.databaseUrl ?? settings.databaseUrl ?? settings.peerDatabaseUrl;
  const backups = once(async () => {
    if (outputs?.vaultBucket === undefined) return undefined;
    const trustedKeys = [...settings.trustedWriterKeys, ...[outputs.signingPublicKey ?? []].flat()];
    return await listBackups({ vault: ports.vault(outputs.vaultBucket), trustedKeys, tiers: settings.tiers, signal });
  });
  return {
    ...patient,
    site: { project, role, accountId, region },
    backups,
    newest: once(async () => newestProven((await backups()) ?? [], { now: clock() })),
    zoneId: once(() => ports.dns().zoneId(zoneName, signal)),
    setUp: onceEach((name) => ports.appHost().setUp(name, signal)),
    peerSetUp: onceEach((name) => ports.peerAppHost().setUp(name, signal)),
    databaseUrl,
    database: once(async () => (databaseUrl === undefined ? undefined : await ports.database(databaseUrl, signal))),
  };
}

/** Asks once for each name. */
function onceEach<T>(ask: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (name) => {
    const answer = answers.get(name) ?? ask(name);
    answers.set(name, answer);
    return answer;
  };
}

/** Asks when it is first called. Every later call gets the same answer, or the same error. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => (answer ??= ask());
}
