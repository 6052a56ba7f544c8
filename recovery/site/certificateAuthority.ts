import type { AppHost } from "../../services/appHost/appHost.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";

/** The authorities that may issue certificates for a name; no authority may if `issuers` is empty. */
interface Authorities {
  /** The name whose CAA records decide. */
  at: string;
  issuers: string[];
}

/**
 * Who may issue certificates for a name; undefined if every authority may. The CAA records of the closest name that has any decide. Source:
 * RFC 8659, section 3.
 */
export async function authoritiesOf(
  dns: DnsHost,
  { zoneId, zoneName, name }: { zoneId: string; zoneName: string; name: string },
  signal: AbortSignal,
): Promise<Authorities | undefined> {
  for (let at = name; `.${at}`.endsWith(`.${zoneName}`); at = at.slice(at.indexOf(".") + 1)) {
    const issuers = (await dns.records(zoneId, at, signal)).flatMap(issuerOf);
    if (issuers.length > 0) return { at, issuers: issuers.filter(Boolean) };
  }
  return undefined;
}

/** The authority that a CAA record lets issue; empty for one that lets none. */
function issuerOf({ type, content }: DnsRecord): string[] {
  const [, issuer] = (type === "CAA" && /^\d+\s+issue\s+"?\s*([^";\s]*)/.exec(content)) || [];
  return issuer === undefined ? [] : [issuer.toLowerCase()];
}

/** Why the app host would get no certificate for a name, and what to do; undefined if it would. */
export function authorityRefusal(
  { certificateAuthority, name: host }: Pick<AppHost, "certificateAuthority" | "name">,
  found: Authorities | undefined,
  name: string,
): { why: string; mend: string } | undefined {
  if (found === undefined || found.issuers.includes(certificateAuthority)) return undefined;
  return {
    why: `The CAA records of ${found.at} allow ${found.issuers.join(", ") || "no authority"} only, so ${host} gets no certificate for ${name}.`,
    mend: `add a CAA record to ${found.at}: 0 issue "${certificateAuthority}"`,
  };
}
