import type { AppHost, AppVariable } from "../../services/appHost/appHost.ts";
import type { CodeHost } from "../../services/codeHost/codeHost.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import type { MissingPart } from "../vault/configurationPart.ts";

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
  /** Gives Pulumi's state, as `pulumi stack export` does: its secrets are encrypted by the stack's own key. */
  readState?: (() => Promise<unknown>) | undefined;
}

/** A missing part as what a backup does not hold. */
export function lackOf({ part, reason }: MissingPart): LeftOut {
  return { what: `the configuration's part ${part}`, why: reason, failed: true };
}

/**
 * The services' settings of a site, without a single secret value in plain text. Of the app's variables only the names: the host shows no
 * value of a sensitive one.
 */
export interface ConfigurationBackup {
  format: typeof CONFIGURATION_FORMAT;
  /** ISO time. */
  takenAt: string;
  [part: `application ${string}`]: ApplicationBackup;
  [part: `repository ${string}`]: RepositoryBackup;
  dns?: { zone: string; records: Record<string, unknown>[] } | undefined;
  /** Names of Supabase's auth settings, with the values of those that hold no secret. */
  auth?: Record<string, unknown> | undefined;
  stackState?: unknown;
  /** What could not be read, and why: a backup with such a part is not complete. */
  missing: MissingPart[];
}

/** Settings of an app's project, the names of its variables, and its domains. */
export interface ApplicationBackup {
  settings: Record<string, unknown>;
  variables: AppVariable[];
  domains: string[];
}

/** Settings of a repository, "owner/name". */
export interface RepositoryBackup {
  fullName: string;
  settings: Record<string, unknown>;
}

/**
 * Settings by whose name a value is a secret; the name stays, the value is left out. Supabase's hooks have "…_secrets", its codes for tests
 * "sms_test_otp". The address of one of Vercel's deploy hooks is enough to deploy.
 */
const SECRET_NAME =
  /(secrets?|passwords?|pass|tokens?|keys?|private|credentials?|sid|dsn|uri|otp)$|_(secret|token|key|pass)s?_|^(env|deployHooks)$/i;
/** Stands for a value that is left out. */
const LEFT_OUT = "[left out: secret]";

/**
 * Collects settings of the application's project with the names of its environment variables, the DNS zone's records, the repository's
 * settings, the names of the auth settings, and Pulumi's state. Reads only. A part that cannot be read is named in `missing` with its
 * reason, so that one unreachable service does not cost the others' backup.
 */
export async function collectConfiguration(
  ports: ConfigurationPorts,
  sources: ConfigurationSources,
  signal: AbortSignal,
): Promise<ConfigurationBackup> {
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
  const [applications, dns, repositories, auth, stackState] = await Promise.all([
    each("application", sources.vercelProjects, (project) => applicationOf(ports.appHost(), project, signal)),
    part("dns", sources.zoneName, (zone) => zoneOf(ports.dns(), zone, signal)),
    each("repository", sources.repositories, (name) => repositoryOf(ports.codeHost(), name, signal)),
    part("auth", sources.supabaseRef, async (ref) =>
      withoutSecrets(await ports.databaseHost().authSettings(ref, signal)),
    ),
    part("stackState", sources.readState, (read) => read()),
  ]);
  return {
    format: CONFIGURATION_FORMAT,
    takenAt: ports.clock().toISOString(),
    ...applications,
    dns,
    ...repositories,
    auth,
    stackState,
    missing: missing.sort((a, b) => (a.part < b.part ? -1 : 1)),
  };
}

async function applicationOf(appHost: AppHost, project: string, signal: AbortSignal): Promise<ApplicationBackup> {
  const settings = await appHost.exportProject(project, signal);
  if (!settings) throw new Error(`${appHost.name} project ${project} does not exist`);
  const [variables, domains] = await Promise.all([
    appHost.variables(project, signal),
    appHost.publicNames(project, signal),
  ]);
  return { settings: withoutSecrets(settings), variables, domains: domains.map(({ name }) => name).sort() };
}

async function zoneOf(dns: DnsHost, zone: string, signal: AbortSignal) {
  const zoneId = await dns.zoneId(zone, signal);
  if (zoneId === undefined) throw new Error(`${dns.name} shows no zone ${zone}`);
  return { zone, records: await dns.exportRecords(zoneId, signal) };
}

async function repositoryOf(codeHost: CodeHost, fullName: string, signal: AbortSignal): Promise<RepositoryBackup> {
  const settings = await codeHost.exportRepository(fullName, signal);
  if (!settings) throw new Error(`${codeHost.name} repository ${fullName} does not exist`);
  return { fullName, settings: withoutSecrets(settings) };
}

/** The same settings without any value whose name says that it is a secret, at every depth. */
function withoutSecrets(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, cleaned(name, value)]));
}

function cleaned(name: string, value: unknown): unknown {
  const empty =
    value === null ||
    value === undefined ||
    value === "" ||
    typeof value === "boolean" ||
    typeof value === "number" ||
    (Array.isArray(value) && value.length === 0);
  if (!empty && SECRET_NAME.test(name)) return LEFT_OUT;
  if (Array.isArray(value)) return value.map((item: unknown) => cleaned("", item));
  if (typeof value === "object" && value !== null) return withoutSecrets(value as Record<string, unknown>);
  return value;
}
