import type { AppHost, LiveProject } from "../../services/appHost/appHost.ts";
import { UserError } from "../../services/common/errors.ts";
import type { DeclaredRecord, DnsHost } from "../../services/dns/dnsHost.ts";
import type { App } from "../../settings/apps.ts";
import {
  type ManagingSettings,
  nameOfPart,
  projectNameOf,
  recordNameOf,
  ZONE_COMPONENT,
  zoneNameOf,
} from "../../settings/managedParts.ts";
import { type LeftRecord, ownRecords } from "./ownRecords.ts";
import type { StackFileChanges } from "./stackFile.ts";

/** The services that hold what is adopted. Each is asked only if something of it is managed. */
export interface AdoptPorts {
  appHost: () => AppHost;
  dns: () => DnsHost;
}

/** What a stack's settings call managed. */
export interface ManagedSettings extends ManagingSettings {
  readonly zoneName: string;
  /** Name of the Pulumi project, which is the namespace of the settings. */
  readonly project: string;
}

/** Something live that is brought in: a project, or a zone with its records. */
export interface LivePart {
  /** What it is, in words. */
  readonly what: string;
  /** Name of its component in the program. */
  readonly component: string;
  /** Import ids by resource name. */
  readonly ids: Readonly<Record<string, string>>;
  /** The settings that declare it as it is. */
  readonly changes: StackFileChanges;
  /** Records that stay outside of Pulumi. */
  readonly left: readonly LeftRecord[];
}

/**
 * Reads what is managed from its services, with the settings that declare it. Of a part that is in the state already the settings stay: they are
 * what a preview compares with.
 *
 * @param known names of the resources in the stack's state
 * @throws UserError for a part that is not there, or that Pulumi cannot declare without losing something
 */
export async function liveParts(
  settings: ManagedSettings,
  ports: AdoptPorts,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<LivePart[]> {
  const parts: LivePart[] = [];
  for (const [index, app] of settings.apps.entries())
    if (app.state === "managed") parts.push(await liveApp(app, index, settings, ports.appHost(), known, signal));
  if (settings.dns === "managed") parts.push(await liveZone(settings, ports.dns(), known, signal));
  return parts;
}

async function liveApp(
  app: App,
  index: number,
  { project }: ManagedSettings,
  appHost: AppHost,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<LivePart> {
  const found = await appHost.liveProject(app.project, signal);
  const what = `${appHost.name} project ${app.project}`;
  if (found === undefined)
    throw new UserError(
      `${appHost.name} shows no project ${app.project}. Check its name in apps, vercelTeam, and the rights of ${appHost.tokenName}.`,
    );
  const { id, build, gitRepository, undeclarable }: LiveProject = found;
  if (undeclarable.length > 0)
    throw new UserError(
      `${what} has ${undeclarable.join(", ")}: the first change through Pulumi would remove it. Leave the app "existing".`,
    );
  const component = nameOfPart("application", app);
  const name = projectNameOf(component);
  const at = [`${project}:apps`, index];
  const isEmpty = Object.keys(build).length === 0;
  return {
    what: `${what} (${id}), with its build settings and ${gitRepository ? `its link to ${gitRepository.repo}` : "no link to a repository"}`,
    component,
    ids: { [name]: id },
    changes: known.has(name)
      ? []
      : [
          [[...at, "build"], isEmpty ? undefined : build],
          [[...at, "gitRepository"], gitRepository],
        ],
    left: [],
  };
}

async function liveZone(
  { project, zoneName, apps, dnsRecords = [] }: ManagedSettings,
  dns: DnsHost,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<LivePart> {
  const zone = (await dns.zones(signal)).find(({ name }) => name === zoneName);
  if (zone === undefined)
    throw new UserError(`${dns.name} shows no zone ${zoneName}. Check zoneName and the rights of ${dns.tokenName}.`);
  const { id: zoneId, accountId: account } = zone;
  const records = await dns.liveRecords(zoneId, signal);
  const publicNames = apps.flatMap((app) => app.publicNames);
  const { own, left } = ownRecords(records, { zoneName, publicNames });
  const kept = dnsRecords.filter(({ id }) => known.has(recordNameOf(ZONE_COMPONENT, id)));
  const isKept = ({ id }: DeclaredRecord) => kept.some((one) => one.id === id);
  const declared = [...kept, ...own.filter((record) => !isKept(record))];
  refuseTooMany(declared, zoneName);
  const ids = declared.map(({ id }) => [recordNameOf(ZONE_COMPONENT, id), `${zoneId}/${id}`] as const);
  return {
    what: `${dns.name} zone ${zoneName} (${zoneId}), with ${declared.length} records`,
    component: ZONE_COMPONENT,
    ids: { [zoneNameOf(ZONE_COMPONENT)]: zoneId, ...Object.fromEntries(ids) },
    changes: [
      [[`${project}:cloudflareAccountId`], account],
      [[`${project}:dnsRecords`], declared],
    ],
    left,
  };
}

/** The engine hands all settings to the program in one variable, which holds 128 KiB on Linux (execve(2), MAX_ARG_STRLEN). */
const MOST_BYTES = 100_000;

function refuseTooMany(records: readonly unknown[], zoneName: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(records));
  if (bytes > MOST_BYTES)
    throw new UserError(
      `The ${records.length} records of ${zoneName} take ${bytes} bytes of settings, and Pulumi hands over ${MOST_BYTES} at most. Leave dns "existing": the records are in every backup.`,
    );
}
