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
/** The comment of a claim, with the stack whose claim it is. */
const CLAIM_COMMENT = /^stack=([A-Za-z0-9_.-]+);/;

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
 * Writes the lease and reads it back. No DNS host writes on a condition, but it refuses a second record of the same name and content
 * ({@link DnsHost.isDuplicate}). So each stack first claims its generation, which only one can have. A stack that finds a higher claim, before or
 * after it has written, yields to it. Throws a UserError if another stack has the lease.
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
  await claimGeneration(dns, zoneId, publicName, wanted, signal);
  await yieldToHigherClaim(dns, zoneId, publicName, wanted, signal);
  await writeLease(dns, zoneId, publicName, { current, wanted }, signal);
  await yieldToHigherClaim(dns, zoneId, publicName, wanted, signal);
  const written = await readLease(dns, zoneId, publicName, signal);
  if (!written || !isSame(written, wanted)) throw new UserError(tookAtOnce(publicName, written));
  await dropClaims(dns, zoneId, publicName, ({ generation }) => generation < wanted.generation, signal);
  return current && current.stack !== wanted.stack ? { previousHolder: leaseContent(current) } : {};
}

async function writeLease(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  { current, wanted }: { current: KeptLease | undefined; wanted: Lease },
  signal: AbortSignal,
): Promise<void> {
  const record = {
    type: "TXT",
    name: leaseNameOf(publicName),
    content: leaseContent(wanted),
    ttlSeconds: LEASE_TTL_SECONDS,
    comment: COMMENT,
  };
  if (!current) await dns.createRecord(zoneId, record, signal);
  else if (!isSame(current, wanted)) await dns.updateRecord(zoneId, current.recordId, record, signal);
}

/** Gives a lease back to its holder before, or removes it if there was none. For a move that is undone. */
export async function returnLease(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  before: Lease | undefined,
  signal: AbortSignal,
): Promise<void> {
  const current = await readLease(dns, zoneId, publicName, signal);
  if (before !== undefined) await writeLease(dns, zoneId, publicName, { current, wanted: before }, signal);
  else if (current !== undefined) await dns.deleteRecord(zoneId, current.recordId, signal);
  await dropClaims(dns, zoneId, publicName, ({ stack }) => stack !== before?.stack, signal);
}

function tookAtOnce(publicName: string, holder: Lease | undefined): string {
  return `Another stack took ${publicName} at the same moment (the lease now says ${holder ? leaseContent(holder) : "no stack"}). Find out which stack is to hold the name, and run \`pulumi up\` only for that one.`;
}

/** Name of the TXT records by which stacks claim a generation. */
function claimNameOf(publicName: string): string {
  return `_castchat-recovery-claim.${publicName}`;
}

/** Makes the record that only one stack can make. Its comment says whose it is, so that the same stack may run again. */
async function claimGeneration(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  wanted: Lease,
  signal: AbortSignal,
): Promise<void> {
  const claim = { type: "TXT", name: claimNameOf(publicName), content: `generation=${wanted.generation}` };
  const comment = `stack=${wanted.stack}; claims the public name; written by castchat-recovery.`;
  try {
    await dns.createRecord(zoneId, { ...claim, ttlSeconds: LEASE_TTL_SECONDS, comment }, signal);
  } catch (error) {
    if (!dns.isDuplicate(error)) throw error;
    const claims = await readClaims(dns, zoneId, publicName, signal);
    const holder = claims.find(({ generation }) => generation === wanted.generation);
    if (holder?.stack !== wanted.stack) throw new UserError(tookAtOnce(publicName, holder));
  }
}

/** The generations that stacks have claimed. A record that cannot be read is no claim. */
export async function readClaims(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  signal: AbortSignal,
): Promise<KeptLease[]> {
  return (await dns.records(zoneId, claimNameOf(publicName), signal)).flatMap(({ id, content, comment = "" }) => {
    const [, generation] = /^generation=(\d+)$/.exec(content) ?? [];
    const [, stack] = CLAIM_COMMENT.exec(comment) ?? [];
    return generation === undefined || stack === undefined
      ? []
      : [{ recordId: id, stack, generation: Number(generation) }];
  });
}

/** Leaves the lease to another stack that has claimed a higher generation, and throws. */
async function yieldToHigherClaim(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  wanted: Lease,
  signal: AbortSignal,
): Promise<void> {
  const claims = await readClaims(dns, zoneId, publicName, signal);
  const higher = claims.find(({ stack, generation }) => stack !== wanted.stack && generation > wanted.generation);
  if (higher === undefined) return;
  const current = await readLease(dns, zoneId, publicName, signal);
  if (current !== undefined && isSame(current, wanted))
    await writeLease(dns, zoneId, publicName, { current, wanted: higher }, signal);
  throw new UserError(tookAtOnce(publicName, higher));
}

/** Removes claims that no longer say anything. */
export async function dropClaims(
  dns: DnsHost,
  zoneId: string,
  publicName: string,
  isOld: (claim: Lease) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (const claim of await readClaims(dns, zoneId, publicName, signal))
    if (isOld(claim)) await dns.deleteRecord(zoneId, claim.recordId, signal);
}

/** Whether two leases name the same holder and generation. */
export function isSame(one: Lease, other: Lease): boolean {
  return one.stack === other.stack && one.generation === other.generation;
}
