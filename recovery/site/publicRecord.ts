import { UserError } from "../../services/common/errors.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";

/** Lifetime of the public record in seconds. Short, so that the next move is quick: the one before it counts then. */
export const RECORD_TTL_SECONDS = 60;
const COMMENT = "Leads visitors to the application; written by castchat-recovery.";

/** The record of a public name, and where it is to lead. */
export interface PublicRecord {
  zoneId: string;
  publicName: string;
  /** Host name at the app host. */
  target: string;
}

/** Id of the zone that a public name lies in. UserError if the name lies elsewhere or the zone is not to be seen. */
export async function zoneOf(
  dns: DnsHost,
  { zoneName, publicName }: { zoneName: string; publicName: string },
  signal: AbortSignal,
): Promise<string> {
  if (publicName !== zoneName && !publicName.endsWith(`.${zoneName}`)) {
    throw new UserError(`Public name ${publicName} does not lie in zone ${zoneName}: correct publicName or zoneName.`);
  }
  const zoneId = await dns.zoneId(zoneName, signal);
  if (zoneId === undefined)
    throw new UserError(`${dns.name} shows no zone ${zoneName}: check zoneName and what ${dns.tokenName} may see.`);
  return zoneId;
}

/** The records that decide where a name leads. */
export async function recordsOf(dns: DnsHost, zoneId: string, name: string, signal: AbortSignal): Promise<DnsRecord[]> {
  return (await dns.records(zoneId, name, signal)).filter(({ type }) => ["A", "AAAA", "CNAME"].includes(type));
}

/**
 * The record that can be changed in place, or undefined if the name has none. Another type is refused with a UserError: it would have to be
 * deleted first, and the name would be gone meanwhile.
 */
export async function changeableRecord(
  dns: DnsHost,
  { zoneId, publicName, target }: PublicRecord,
  signal: AbortSignal,
): Promise<DnsRecord | undefined> {
  const records = await recordsOf(dns, zoneId, publicName, signal);
  const other = records.find(({ type }) => type !== "CNAME");
  if (other) {
    throw new UserError(
      `${publicName} has an ${other.type} record (${other.content}), which would have to be deleted first and leave the name without an answer: replace it in ${dns.name} by a CNAME to ${target} at a quiet moment.`,
    );
  }
  return records[0];
}

/** Leads the name to the target, in place if it has a record. Gives the record's id. */
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
