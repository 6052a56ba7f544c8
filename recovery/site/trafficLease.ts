import { UserError } from "../../services/common/errors.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";

/** The holder of a public name: a stack, and the generation with which it took the name. */
export interface Lease {
  stack: string;
  generation: number;
}

/** A lease as it stands in the zone. */
export interface KeptLease extends Lease {
  recordId: string;
}

/** Lifetime of the lease record in seconds: the shortest that DNS hosts give to every plan. */
const LEASE_TTL_SECONDS = 60;
const COMMENT = "Who holds the public name; written by castchat-recovery.";

/** Name of the TXT record that names the holder of a public name. */
export function leaseNameOf(publicName: string): string {
  return `_castchat-recovery.${publicName}`;
}

/** A lease as the content of its record. */
export function leaseContent(lease: Lease): string {
  return `stack=${lease.stack};generation=${lease.generation}`;
}

/** Reads a record's content; undefined if it is not a lease. */
function parseLease(content: string): Lease | undefined {
  const match = /^stack=([^;"]+);generation=(\d+)$/.exec(content.trim());
  return match?.[1] !== undefined ? { stack: match[1], generation: Number(match[2]) } : undefined;
}

/** The lease of a public name, or nothing. Two leases, or one that cannot be read, are refused with a UserError. */
export async function readLease(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  signal: AbortSignal,
): Promise<KeptLease | undefined> {
  const name = leaseNameOf(publicName);
  const records = (await dns.records(zoneId, name, signal)).filter(({ type }) => type === "TXT");
  const [record, second] = records;
  if (!record) return undefined;
  if (second) {
    const contents = records.map(({ content }) => content).join(", ");
    throw new UserError(
      `${name} has ${records.length} TXT records (${contents}), so it is not known which stack holds ${publicName}. Delete the wrong ones in ${dns.name}, and run the same command again.`,
    );
  }
  const lease = parseLease(record.content);
  if (!lease)
    throw new UserError(
      `The TXT record ${name} says ${record.content}, which is not a lease. Delete it in ${dns.name}, and run the same command again.`,
    );
  return { ...lease, recordId: record.id };
}

/**
 * Why a stack may not take the name; undefined if it may. Another stack's lease yields to a higher generation only, its own to the same (to
 * continue) or a higher one.
 */
export function leaseRefusal(current: Lease | undefined, wanted: Lease, publicName: string): string | undefined {
  if (current === undefined) return undefined;
  if (current.stack === wanted.stack) {
    if (wanted.generation >= current.generation) return undefined;
    return `Stack ${wanted.stack} already holds ${publicName} with generation ${current.generation}, but is set to ${wanted.generation}. Run \`pulumi config set generation ${current.generation} -s ${wanted.stack}\`, or set a higher one.`;
  }
  if (wanted.generation > current.generation) return undefined;
  return `${publicName} is held by stack ${current.stack} with generation ${current.generation}, and stack ${wanted.stack} is set to ${wanted.generation}. To take the name over, run \`pulumi config set generation ${current.generation + 1} -s ${wanted.stack}\`, or set a higher one.`;
}

/**
 * Writes the lease and reads it back, since no DNS host writes on a condition. If another stack wrote at the same moment, neither
 * continues. Throws a UserError if another stack has the lease.
 */
export async function takeLease(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  wanted: Lease,
  signal: AbortSignal,
): Promise<{ previousHolder?: string }> {
  const current = await readLease(dns, zoneId, publicName, signal);
  const refusal = leaseRefusal(current, wanted, publicName);
  if (refusal !== undefined) throw new UserError(refusal);
  const record = {
    type: "TXT" as const,
    name: leaseNameOf(publicName),
    content: leaseContent(wanted),
    ttlSeconds: LEASE_TTL_SECONDS,
    comment: COMMENT,
  };
  if (!current) await dns.createRecord(zoneId, record, signal);
  else if (!isSame(current, wanted)) await dns.updateRecord(zoneId, current.recordId, record, signal);
  const written = await readLease(dns, zoneId, publicName, signal);
  if (!written || !isSame(written, wanted)) {
    const holder = written ? leaseContent(written) : "no stack";
    throw new UserError(
      `Another stack took ${publicName} at the same moment (the lease now says ${holder}). Find out which stack is to hold the name, and run \`pulumi up\` only for that one.`,
    );
  }
  return current && current.stack !== wanted.stack ? { previousHolder: leaseContent(current) } : {};
}

/** Whether two leases name the same holder and generation. */
export function isSame(one: Lease, other: Lease): boolean {
  return one.stack === other.stack && one.generation === other.generation;
}
