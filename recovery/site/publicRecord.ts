import { UserError } from "../../services/common/errors.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";
import type { Lease } from "./trafficLease.ts";

/** Lifetime of the public record in seconds. It is short, because the next move of the name takes that long. */
export const RECORD_TTL_SECONDS = 60;
/** The name in every comment that this program has ever written. */
const PROGRAM = "castchat-recovery";
/** The comment of a record that this program makes. */
export const RECORD_COMMENT = `Leads visitors to the application; written by ${PROGRAM}.`;

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
 * Why a stack may not take a name; undefined if it may. A name that no stack holds may serve the visitors of a site that this program did
 * not make. The stack takes such a name only if its settings list it under `takeover`. A record of our own may be left from a site that was
 * destroyed.
 */
export function liveNameRefusal(
  records: readonly DnsRecord[],
  lease: Lease | undefined,
  { publicName, stack, takeover }: { publicName: string; stack: string; takeover?: boolean | undefined },
): string | undefined {
  if (lease !== undefined || takeover === true) return undefined;
  const live = records.find(({ comment = "" }) => !comment.includes(PROGRAM));
  if (live === undefined) return undefined;
  return `${publicName} already leads to ${live.content}, and no stack holds it, so its visitors stay there. If stack ${stack} is to take them, run \`pulumi config set --path 'takeover[0]' ${publicName} -s ${stack}\`, and then the same command again.`;
}
