import { UserError } from "../../services/common/errors.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";

/** Who holds a public name: a stack, and the generation with which it took the name. */
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

/** Name of the TXT record that tells who holds a public name. */
export function leaseNameOf(publicName: string): string {
  return `_castchat-recovery.${publicName}`;
}

/** A lease as the content of its record. */
export function leaseContent(lease: Lease): string {
  return `stack=${lease.stack};generation=${lease.generation}`;
}

/** Reads a record's content; undefined when it is none of ours. */
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
    throw new UserError(
      `${name} has ${records.length} TXT records (${contents(records)}), so it is open who holds ${publicName}: delete the wrong ones in ${dns.name}.`,
    );
  }
  const lease = parseLease(record.content);
  if (!lease)
    throw new UserError(`The TXT record ${name} says ${record.content}, which is no lease: delete it in ${dns.name}.`);
  return { ...lease, recordId: record.id };
}

/**
 * Why a stack may not take the name, or nothing when it may: another stack's lease gives way to a higher generation only, its own to the
 * same (going on) or a higher one.
 */
export function leaseRefusal(current: Lease | undefined, wanted: Lease, publicName: string): string | undefined {
  if (current === undefined) return undefined;
  if (current.stack === wanted.stack) {
    if (wanted.generation >= current.generation) return undefined;
    return `Stack ${wanted.stack} holds ${publicName} with generation ${current.generation} already: set generation to ${current.generation} or higher, not ${wanted.generation}.`;
  }
  if (wanted.generation > current.generation) return undefined;
  return `${publicName} is held by stack ${current.stack} with generation ${current.generation}: to take it over, set generation to ${current.generation + 1} or higher (it is ${wanted.generation}).`;
}

/**
 * Writes the lease and reads it back, as no DNS host writes on a condition: a stack that wrote at the same moment is seen here, and then
 * neither goes on. Throws a UserError when the lease went to another.
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
      `Another stack took ${publicName} at the same moment (the lease is now with ${holder}): find out which one is right before running again.`,
    );
  }
  return current && current.stack !== wanted.stack ? { previousHolder: leaseContent(current) } : {};
}

/** Whether two leases name the same holder and generation. */
export function isSame(one: Lease, other: Lease): boolean {
  return one.stack === other.stack && one.generation === other.generation;
}

function contents(records: readonly DnsRecord[]): string {
  return records.map(({ content }) => content).join(", ");
}
