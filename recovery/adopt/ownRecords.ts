import type { DeclaredRecord, LiveRecord } from "../../services/dns/dnsHost.ts";

/** A record that stays outside of Pulumi, and why. */
export interface LeftRecord {
  readonly name: string;
  readonly type: string;
  readonly why: string;
}

/** Names that decide which records are a zone's own. */
export interface ZoneNames {
  readonly zoneName: string;
  readonly publicNames: readonly string[];
}

/** The TXT record by which external-dns marks what it owns (https://kubernetes-sigs.github.io/external-dns/latest/docs/registry/txt/). */
const EXTERNAL_DNS = /\bheritage=external-dns\b/;
/** Words in a comment or a tag that name another manager of the record. */
const MANAGER =
  /\b(?:managed[- _]?by|external-dns|terraform|opentofu|pulumi|octodns|dnscontrol|ansible|cert-manager|crossplane)\b/i;
const ADDRESSES = ["A", "AAAA", "CNAME"];

/**
 * Parts a zone's records into its own, which Pulumi may declare, and all others: those of public names, which a recovery moves; the zone's
 * defaults; what an authority or the app host asks for; and what another manager writes, who would change it back.
 */
export function ownRecords(
  records: readonly LiveRecord[],
  names: ZoneNames,
): { own: DeclaredRecord[]; left: LeftRecord[] } {
  const owners = records.filter(({ content }) => EXTERNAL_DNS.test(content)).map(({ declared }) => declared.name);
  const judged = records.map((record) => ({ record, why: whyLeft(record, names, owners) }));
  return {
    own: judged.flatMap(({ record, why }) => (why === undefined ? [record.declared] : [])),
    left: judged.flatMap(({ record: { declared }, why }) =>
      why === undefined ? [] : [{ name: declared.name, type: declared.type, why }],
    ),
  };
}

function whyLeft(
  { declared, content, ofHost }: LiveRecord,
  { zoneName, publicNames }: ZoneNames,
  owners: readonly string[],
): string | undefined {
  const { name, type, comment = "", tags = [] } = declared;
  if (publicNames.includes(name) && ADDRESSES.includes(type)) return "a public name, which only a recovery moves";
  if (ofHost) return "another product of the DNS host writes it";
  if (name === zoneName && ["NS", "SOA"].includes(type)) return "a default of the zone";
  if (name.startsWith("_castchat-recovery.") || comment.includes("castchat-recovery")) return "this program writes it";
  if (/^_acme-challenge(?:\.|$)/.test(name)) return "the challenge of a certificate authority";
  if (name.startsWith("_vercel.")) return "the proof of a domain at the app host";
  if (EXTERNAL_DNS.test(content) || owners.some((owner) => marks(owner, declared, zoneName)))
    return "external-dns manages it";
  const manager = [comment, ...tags].find((one) => MANAGER.test(one));
  return manager === undefined ? undefined : `another manager is named in it (${manager})`;
}

/**
 * Whether external-dns has marked a record by the name of its own: the record's, or with the type or a prefix before it. A prefix may be anything,
 * so a record that only ends a mark's name stays outside as well.
 */
function marks(owner: string, { name, type }: DeclaredRecord, zoneName: string): boolean {
  if (type === "TXT" && owner !== name) return false;
  return owner === name || (name !== zoneName && owner.endsWith(name));
}
