import type { AppHost } from "../../services/appHost/appHost.ts";
import { UserError } from "../../services/common/errors.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";
import type { Lease } from "./trafficLease.ts";

/** Lifetime of the public record in seconds. It is short, because the next move of the name takes that long. */
export const RECORD_TTL_SECONDS = 60;
/** The name in every comment that this program has ever written. */
const PROGRAM = "castchat-recovery";
const COMMENT = `Leads visitors to the application; written by ${PROGRAM}.`;

/** The record of a public name. */
export interface PublicRecord {
  zoneId: string;
  publicName: string;
}

/** What leads a name to the app host: nothing to do, a new record, or another content of the one that it has. */
type RecordChange =
  { kind: "none"; record: DnsRecord } | { kind: "create" } | { kind: "repoint"; record: DnsRecord; content: string };

/** The app host's part in a public name's record. */
type DnsTargets = Pick<AppHost, "name" | "dnsTarget" | "dnsAddress" | "isDnsTarget">;

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
 * What leads a name to the app host. A CNAME or an A record that leads there already stays, and any other one gets another content in place:
 * its type, lifetime and proxy stay as they are. At the apex the DNS host flattens a CNAME
 * (https://developers.cloudflare.com/dns/cname-flattening/). An AAAA record or one of several would have to be deleted first, and the name would
 * have no answer meanwhile: UserError.
 */
export async function recordChange(
  dns: DnsHost,
  appHost: DnsTargets,
  { zoneId, publicName }: PublicRecord,
  signal: AbortSignal,
): Promise<RecordChange> {
  const records = await recordsOf(dns, zoneId, publicName, signal);
  const [record, second] = records;
  if (record === undefined) return { kind: "create" };
  const lead = records.filter(({ type, content }) => type !== "AAAA" && appHost.isDnsTarget(content));
  if (lead.length === records.length) return { kind: "none", record };
  if (second === undefined && record.type !== "AAAA")
    return { kind: "repoint", record, content: record.type === "A" ? appHost.dnsAddress : appHost.dnsTarget };
  const all = records.map(({ type, content }) => `${type} ${content}`).join(", ");
  throw new UserError(
    `${publicName} has records that can't lead to ${appHost.name} in place (${all}): without them the name has no answer for a moment. At a quiet moment, replace them in ${dns.name} by one A record, or by a CNAME to ${appHost.dnsTarget}.`,
  );
}

/** What a recovery changes of a name's record, as a sentence; undefined if it changes nothing that is there. */
export function changeInWords(dns: DnsHost, publicName: string, change: RecordChange): string | undefined {
  if (change.kind !== "repoint") return undefined;
  const { type, content, proxied, ttlSeconds } = change.record;
  const stays = proxied
    ? `It stays proxied by ${dns.name}.`
    : `Resolvers may keep the old one for ${ttlSeconds === undefined ? "as long as the DNS host chooses" : `${ttlSeconds} seconds`}.`;
  return `A recovery changes the ${type} record of ${publicName} from ${content} to ${change.content}. ${stays}`;
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

/** Leads the name to the app host, in place if it has a record. Returns the record's id. */
export async function leadTo(
  dns: DnsHost,
  appHost: DnsTargets,
  wanted: PublicRecord,
  signal: AbortSignal,
): Promise<string> {
  const { zoneId, publicName: name } = wanted;
  const change = await recordChange(dns, appHost, wanted, signal);
  if (change.kind === "none") return change.record.id;
  if (change.kind === "repoint") return (await dns.repointRecord(zoneId, change.record, change.content, signal)).id;
  const record = { type: "CNAME" as const, name, content: appHost.dnsTarget, ttlSeconds: RECORD_TTL_SECONDS };
  return (await dns.createRecord(zoneId, { ...record, comment: COMMENT }, signal)).id;
}
