import type { AppHost } from "../../services/appHost/appHost.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";
import { bringName } from "./publicName.ts";
import { RECORD_TTL_SECONDS, recordsOf } from "./publicRecord.ts";

const COMMENT = "Proves ahead that the standby's app is reached; written by castchat-recovery.";

/** What a probe name is kept with. */
interface ProbePorts {
  appHost: AppHost;
  dns: DnsHost;
  clock: Clock;
}

/** A name that leads to a standby's project, and that no visitor uses. */
export interface WantedProbe {
  probeName: string;
  zoneName: string;
  projectId: string;
}

/**
 * The state of a probe name: kept; its zone does not exist yet, as before a first `up` of the primary; or its domain or its record is missing.
 */
export type ProbeState = "kept" | "no zone" | "missing";

/** Looks at a probe name, and changes nothing. */
export async function readProbe(
  { appHost, dns }: ProbePorts,
  { probeName, zoneName, projectId }: WantedProbe,
  signal: AbortSignal,
): Promise<ProbeState> {
  const zoneId = await dns.zoneId(zoneName, signal);
  if (zoneId === undefined) return "no zone";
  const [records, domain] = await Promise.all([
    recordsOf(dns, zoneId, probeName, signal),
    appHost.publicName(projectId, probeName, signal),
  ]);
  const leads = records.some((record) => isOurs(record) && appHost.isDnsTarget(record.content));
  return leads && domain !== undefined ? "kept" : "missing";
}

/**
 * Makes the domain and the record of a probe name, or what is missing of them. UserError if either is of another owner. Without a zone it does nothing.
 * It can be run again at any point.
 */
export async function keepProbe(
  ports: ProbePorts,
  wanted: WantedProbe,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<ProbeState> {
  const { appHost, dns } = ports;
  const { probeName, zoneName, projectId } = wanted;
  const zoneId = await dns.zoneId(zoneName, signal);
  if (zoneId === undefined) return "no zone";
  const records = await recordsOf(dns, zoneId, probeName, signal);
  const taken = (what: string) =>
    new UserError(
      `${probeName} ${what}, so it cannot be the app's probe name. Set probeName of the app to a free name in zone ${zoneName}, and run the same command again.`,
    );
  const foreign = records.find((record) => !isOurs(record));
  if (foreign !== undefined) throw taken(`already leads to ${foreign.content}`);
  const holder = await appHost.publicNameHolder(probeName, signal);
  if (holder !== undefined && holder !== projectId)
    throw taken(
      `is a domain of another ${appHost.name} project (${(await appHost.project(holder, signal))?.name ?? holder})`,
    );
  await bringName(ports, { publicName: probeName, zoneId, projectId }, signal, reporter);
  const [record, ...others] = records;
  if (record === undefined)
    await dns.createRecord(
      zoneId,
      { type: "CNAME", name: probeName, content: appHost.dnsTarget, ttlSeconds: RECORD_TTL_SECONDS, comment: COMMENT },
      signal,
    );
  else if (!appHost.isDnsTarget(record.content)) await dns.repointRecord(zoneId, record, appHost.dnsTarget, signal);
  for (const { id } of others) await dns.deleteRecord(zoneId, id, signal);
  return "kept";
}

/** Removes the domain and the record of a probe name. What is of another owner stays. */
export async function dropProbe(
  { appHost, dns }: ProbePorts,
  { probeName, zoneName, projectId }: WantedProbe,
  signal: AbortSignal,
): Promise<void> {
  const zoneId = await dns.zoneId(zoneName, signal);
  const records = zoneId === undefined ? [] : await recordsOf(dns, zoneId, probeName, signal);
  for (const record of records) if (isOurs(record)) await dns.deleteRecord(zoneId ?? "", record.id, signal);
  if (await appHost.publicName(projectId, probeName, signal))
    await appHost.releasePublicName(projectId, probeName, signal);
}

function isOurs({ comment }: DnsRecord): boolean {
  return comment === COMMENT;
}
