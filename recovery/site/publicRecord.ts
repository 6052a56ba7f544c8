import { UserError } from "../../services/common/errors.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";
import type { Lease } from "./trafficLease.ts";

/** Lifetime of the public record in seconds. It is short, because the next move of the name takes that long. */
export const RECORD_TTL_SECONDS = 60;
/** The name in every comment that this program has ever written. */
const PROGRAM = "castchat-recovery";
const COMMENT = `Leads visitors to the application; written by ${PROGRAM}.`;

/** The record of a public name, and its target. */
export interface PublicRecord {
  zoneId: string;
  publicName: string;
  /** Host name at the app host. */
  target: string;
}

/** Id of the zone of a public name. UserError if the name is outside of the zone, or the token does not see the zone. */
export async function zoneOf(
  dns: DnsHost,
  { zoneName, publicName }: { zoneName: string; publicName: string },
  signal: AbortSignal,
): Promise<string> {
  if (publicName !== zoneName && !publicName.endsWith(`.${zoneName}`))
    throw new UserError(`Public name ${publicName} is not in zone ${zoneName}. Correct publicName or zoneName.`);
  const zoneId = await dns.zoneId(zoneName, signal);
  if (zoneId === undefined)
    throw new UserError(`${dns.name} shows no zone ${zoneName}. Check zoneName and the rights of ${dns.tokenName}.`);
  return zoneId;
}

/** The records that decide where a name leads. */
export async function recordsOf(dns: DnsHost, zoneId: string, name: string, signal: AbortSignal): Promise<DnsRecord[]> {
  return (await dns.records(zoneId, name, signal)).filter(({ type }) => ["A", "AAAA", "CNAME"].includes(type));
}

/**
 * The record that can be changed in place, or undefined if the name has none. Another type is refused with a UserError: it would have to be
 * deleted first, and the name would have no answer meanwhile.
 */
export async function changeableRecord(
  dns: DnsHost,
  { zoneId, publicName, target }: PublicRecord,
  signal: AbortSignal,
): Promise<DnsRecord | undefined> {
  const records = await recordsOf(dns, zoneId, publicName, signal);
  const other = records.find(({ type }) => type !== "CNAME");
  if (other)
    throw new UserError(
      `${publicName} has an ${other.type} record (${other.content}), which can't become a CNAME in place: without it the name has no answer. At a quiet moment, replace it in ${dns.name} by a CNAME to ${target}.`,
    );
  return records[0];
}

/**
 * Why a stack may not take a name; undefined if it may. A name that no stack holds may serve the visitors of a site that this program did
 * not make. The stack takes such a name only if its settings list it under `takeover`. A record of our own may be left from a site that was
 * destroyed.
 */
export async function liveNameRefusal(
  dns: DnsHost,
  { zoneId, publicName, lease }: { zoneId: string; publicName: string; lease: Lease | undefined },
  wanted: Lease & { takeover?: boolean | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (lease !== undefined || wanted.takeover === true) return undefined;
  const records = await recordsOf(dns, zoneId, publicName, signal);
  const live = records.find(({ comment = "" }) => !comment.includes(PROGRAM));
  if (live === undefined) return undefined;
  return `${publicName} already leads to ${live.content}, and no stack holds it, so its visitors stay there. If stack ${wanted.stack} is to take them, run \`pulumi config set --path 'takeover[0]' ${publicName} -s ${wanted.stack}\`, and then the same command again.`;
}

/** Points the name to the target, in place if it has a record. Returns the record's id. */
export async function leadTo(dns: DnsHost, wanted: PublicRecord, signal: AbortSignal): Promise<string> {
  const { zoneId, publicName, target } = wanted;
  const current = await changeableRecord(dns, wanted, signal);
  const record = {
    type: "CNAME" as const,
    name: publicName,
    content: target,
    ttlSeconds: RECORD_TTL_SECONDS,
    comment: COMMENT,
  };
  if (!current) return (await dns.createRecord(zoneId, record, signal)).id;
  const isRight = current.content === target && !current.proxied;
  return isRight ? current.id : (await dns.updateRecord(zoneId, current.id, record, signal)).id;
}
