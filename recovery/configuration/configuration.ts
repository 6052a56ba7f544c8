import type { AppHost } from "../../services/appHost/appHost.ts";
import type { CodeHost } from "../../services/codeHost/codeHost.ts";
import type { CertificateFacts } from "../../services/common/certificateFacts.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import type { MissingPart } from "../vault/configurationPart.ts";
import type { IsSealed } from "../vault/sealedNames.ts";
import { VARIABLE_VALUES_FORMAT, type VariableValues } from "../vault/variableValuesPart.ts";
import { type ApplicationBackup, applicationOf } from "./applicationBackup.ts";
import { refuseNullSecrets } from "./nullSecrets.ts";
import { withoutSecrets } from "./withoutSecrets.ts";

/** Version of the layout of a configuration backup. Version 1 had one app and one repository, as `application` and `repository`. */
export const CONFIGURATION_FORMAT = 2;

/** The services that are asked. One without its token throws when it is asked for, which costs its part. */
export interface ConfigurationPorts {
  appHost: () => AppHost;
  dns: () => DnsHost;
  codeHost: () => CodeHost;
  databaseHost: () => DatabaseHost;
  clock: Clock;
}

/** Whose configuration is collected. A part without a name here is left out on purpose. */
export interface ConfigurationSources {
  vercelProjects?: readonly string[] | undefined;
  zoneName?: string | undefined;
  /** Each as "owner/name". */
  repositories?: readonly string[] | undefined;
  supabaseRef?: string | undefined;
  /** What is sealed of an app's variables, by its project. @default - none is known to be sealed */
  sealedNames?: ((project: string) => Promise<IsSealed>) | undefined;
  /** Gives Pulumi's state, as `pulumi stack export` does: its secrets are encrypted by the stack's own key. */
  readState?: (() => Promise<unknown>) | undefined;
  /** Gives this repository's files as they were deployed. */
  readSource?: (() => Promise<StoredSource>) | undefined;
}

/** This repository's files. */
export interface StoredSource {
  /** With `-dirty` if files differed from it. */
  commit: string;
  tar: Buffer;
}

/**
 * The services' settings of a site, without a single secret value in plain text. Values of variables are in `variableValues`, which only a sealed
 * backup stores, as a part of its own (recovery/vault/variableValuesPart.ts).
 */
export interface ConfigurationBackup {
  format: typeof CONFIGURATION_FORMAT;
  /** ISO time. */
  takenAt: string;
  [part: `application ${string}`]: ApplicationBackup;
  [part: `repository ${string}`]: RepositoryBackup;
  [part: `certificates ${string}`]: CertificateBackup[];
  dns?: { zone: string; records: Record<string, unknown>[] } | undefined;
  /** Names of Supabase's auth settings, with the values of those that hold no secret. */
  auth?: Record<string, unknown> | undefined;
  stackState?: unknown;
  /** Which commit of this repository was deployed. */
  source?: { commit: string } | undefined;
  /** Its files (tar), which a backup stores as a part of its own. */
  sourceArchive?: Buffer | undefined;
  /** What could not be read, and why: a backup with such a part is not complete. */
  missing: MissingPart[];
  /** Secret. Absent where the backup is not sealed. */
  variableValues?: VariableValues | undefined;
}

/** Metadata of a certificate. Its key stays with the host, which issues another where it is needed. */
export interface CertificateBackup {
  id: string;
  hosts: string[];
  /** ISO time. */
  expiresAt?: string | undefined;
  isRenewed?: boolean | undefined;
}

/** Settings of a repository, "owner/name". */
export interface RepositoryBackup {
  fullName: string;
  settings: Record<string, unknown>;
}

/**
 * Collects settings of the applications' projects with their environment variables, the DNS zone's records, the repositories'
 * settings, the names of the auth settings, facts of the certificates, and Pulumi's state. Reads only. A part that cannot be read is named in `missing` with its
 * reason, so that one unreachable service does not cost the others' backup.
 */
export async function collectConfiguration(
  ports: ConfigurationPorts,
  sources: ConfigurationSources,
  signal: AbortSignal,
  isSealed = false,
): Promise<ConfigurationBackup> {
  const values: VariableValues = { format: VARIABLE_VALUES_FORMAT, applications: {} };
  const missing: MissingPart[] = [];
  const part = async <S, T>(
    name: string,
    source: S | undefined,
    read: (source: S) => Promise<T>,
  ): Promise<T | undefined> => {
    if (source === undefined) return undefined;
    try {
      return await read(source);
    } catch (error) {
      signal.throwIfAborted();
      missing.push({ part: name, reason: messageOf(error) });
      return undefined;
    }
  };
  const each = async <T>(kind: string, sources: readonly string[] = [], read: (source: string) => Promise<T>) => {
    const named = sources.map(async (source) => {
      const name = `${kind} ${source}`;
      return [name, await part(name, source, read)] as const;
    });
    return Object.fromEntries((await Promise.all(named)).filter(([, content]) => content !== undefined));
  };
  const { zoneName } = sources;
  const [applications, dns, repositories, auth, stackState, source, certificates] = await Promise.all([
    each("application", sources.vercelProjects, async (project) => {
      const sealed = await sources.sealedNames?.(project);
      const { values: own, ...content } = await applicationOf(ports.appHost(), { project, sealed, isSealed }, signal);
      values.applications[project] = own;
      return content;
    }),
    part("dns", sources.zoneName, (zone) => zoneOf(ports.dns(), zone, signal)),
    each("repository", sources.repositories, (name) => repositoryOf(ports.codeHost(), name, signal)),
    part("auth", sources.supabaseRef, async (ref) =>
      withoutSecrets(await ports.databaseHost().authSettings(ref, signal)),
    ),
    part("stackState", sources.readState, async (read) => {
      const state = await read();
      refuseNullSecrets(state);
      return state;
    }),
    part("source", sources.readSource, (read) => read()),
    each("certificates", zoneName === undefined ? [] : ["app host", "zone"], (of) =>
      of === "zone"
        ? zoneCertificates(ports.dns(), zoneName ?? "", signal)
        : certificatesOf(ports.appHost(), zoneName ?? "", signal),
    ),
  ]);
  return {
    format: CONFIGURATION_FORMAT,
    takenAt: ports.clock().toISOString(),
    ...applications,
    dns,
    ...repositories,
    ...certificates,
    auth,
    stackState,
    ...(source && { source: { commit: source.commit }, sourceArchive: source.tar }),
    missing: missing.sort((a, b) => (a.part < b.part ? -1 : 1)),
    ...(isSealed && { variableValues: values }),
  };
}

async function zoneOf(dns: DnsHost, zone: string, signal: AbortSignal) {
  const zoneId = await dns.zoneId(zone, signal);
  if (zoneId === undefined) throw new Error(`${dns.name} shows no zone ${zone}`);
  return { zone, records: await dns.exportRecords(zoneId, signal) };
}

async function zoneCertificates(dns: DnsHost, zone: string, signal: AbortSignal): Promise<CertificateBackup[]> {
  const zoneId = await dns.zoneId(zone, signal);
  if (zoneId === undefined) throw new Error(`${dns.name} shows no zone ${zone}`);
  return (await dns.certificates(zoneId, signal)).map(stored);
}

/** Those of names in the zone: a team may have others. */
async function certificatesOf(appHost: AppHost, zone: string, signal: AbortSignal): Promise<CertificateBackup[]> {
  const isOwn = (host: string) => host === zone || host.endsWith(`.${zone}`);
  return (await appHost.certificates(signal)).filter(({ hosts }) => hosts.some(isOwn)).map(stored);
}

function stored({ id, hosts, expiresAt, isRenewed }: CertificateFacts): CertificateBackup {
  return { id, hosts, expiresAt: expiresAt?.toISOString(), isRenewed };
}

async function repositoryOf(codeHost: CodeHost, fullName: string, signal: AbortSignal): Promise<RepositoryBackup> {
  const settings = await codeHost.exportRepository(fullName, signal);
  if (!settings) throw new Error(`${codeHost.name} repository ${fullName} does not exist`);
  return { fullName, settings: withoutSecrets(settings) };
}
