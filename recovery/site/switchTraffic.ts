import type { Edge } from "../../services/appHost/edge.ts";
import { type Vercel, VERCEL_CNAME, type VercelDomain } from "../../services/appHost/vercel.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { applicationHealth, HEALTH_PATH, waitUntilHealthy } from "./applicationHealth.ts";
import { edgeThroughProtection } from "./deploymentProtection.ts";
import { changeableRecord, leadTo, RECORD_TTL_SECONDS, recordsOf, zoneOf } from "./publicRecord.ts";
import { isSame, type Lease, leaseContent, leaseNameOf, leaseRefusal, readLease, takeLease } from "./trafficLease.ts";
import { HOW_TO_PROVE, trafficDoubt, type TrafficTarget } from "./trafficProof.ts";

/** What the operations on traffic work with. */
export interface TrafficPorts {
  vercel: Vercel;
  dns: DnsHost;
  edge: Edge;
  clock: Clock;
  /** @default - the real one */
  timing?: Timing;
}

/** Which name is to lead where, and who asks for it. */
export interface WantedTraffic extends Lease {
  publicName: string;
  zoneName: string;
  projectId: string;
  /** Address of the deployment itself, whose health decides. */
  deploymentUrl: string;
  healthPath?: string;
}

/** The public name as it was handed over. */
export interface SwitchedTraffic {
  /** Name of the record that holds the lease. */
  leaseName: string;
  /** The lease's content, "stack=…;generation=…". */
  holder: string;
  /** Lease of the stack that held the name before, when it was another one. */
  previousHolder?: string;
  recordId: string;
  durationMs: number;
}

/**
 * Leads a public name to a Vercel project: checks the target's health and every refusal first, then takes the lease,
 * moves the domain, sets the record in place, and waits until the name itself answers from the new deployment. Each step
 * finds what an interrupted run has done, so that it can be run again at any point. Refusals are UserErrors.
 */
export async function switchTraffic(
  ports: TrafficPorts,
  wanted: WantedTraffic,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<SwitchedTraffic> {
  const start = ports.clock().getTime();
  const { publicName, deploymentUrl } = wanted;
  const healthPath = wanted.healthPath ?? HEALTH_PATH;
  const zoneId = await zoneOf(ports.dns, wanted, signal);
  const refusal = leaseRefusal(await readLease(ports.dns, zoneId, publicName, signal), wanted, publicName);
  if (refusal !== undefined) throw new UserError(refusal);
  const target = await healthyTarget(ports, wanted, healthPath, signal);
  const record = { zoneId, publicName, target: VERCEL_CNAME };
  await changeableRecord(ports.dns, record, signal);

  reporter(`taking the lease of ${publicName} for ${leaseContent(wanted)}`);
  const lease = await takeLease(ports.dns, zoneId, publicName, wanted, signal);
  reporter(`moving ${publicName} to Vercel project ${wanted.projectId}`);
  await moveDomain(ports, { ...wanted, zoneId }, signal, reporter);
  const recordId = await leadTo(ports.dns, record, signal);
  reporter(`waiting until ${publicName} answers from ${deploymentUrl}`);
  await waitUntilHealthy({
    edge: ports.edge,
    address: `https://${publicName}`,
    path: healthPath,
    patience: (ports.timing ?? realTiming).traffic,
    clock: ports.clock,
    signal,
    reporter,
    advice: `The lease, the domain and the record are in place: run again once the name resolves. If it answers and that is not recognised, ${HOW_TO_PROVE}.`,
    notYet: (answer) => trafficDoubt(ports.vercel, publicName, target, answer, signal),
  });
  return {
    leaseName: leaseNameOf(publicName),
    holder: leaseContent(wanted),
    ...lease,
    recordId,
    durationMs: ports.clock().getTime() - start,
  };
}

/** The deployment that the name is to lead to. Throws, before anything has moved, where it is not a healthy one of the project. */
async function healthyTarget(
  ports: TrafficPorts,
  { projectId, deploymentUrl }: WantedTraffic,
  healthPath: string,
  signal: AbortSignal,
): Promise<TrafficTarget> {
  const refuse = (why: string): Error =>
    new Error(`Traffic stays where it is, because ${why}. Deploy a working application and run again.`);
  const edge = await edgeThroughProtection(ports, projectId, deploymentUrl, signal);
  const health = await applicationHealth(edge, deploymentUrl, healthPath, signal);
  if (!health.healthy) throw refuse(`the target is not healthy: ${health.reason}`);
  const deployment = await ports.vercel.deployment(new URL(deploymentUrl).host, signal);
  if (deployment?.projectId !== projectId) {
    throw refuse(`${deploymentUrl} is no deployment of Vercel project ${projectId}`);
  }
  return { deployment, health };
}

/** What a look at a public name found. */
export interface SeenTraffic {
  /** The lease's content, or "nobody". */
  holder: string;
  /** True while the stack still holds the name. */
  held: boolean;
  recordId: string;
  /** Whether the project still has the domain. */
  hasDomain: boolean;
}

/** A public name as it is now, or nothing when it has neither lease nor record. Reports a lost lease; changes nothing. */
export async function readTraffic(
  ports: Pick<TrafficPorts, "vercel" | "dns">,
  wanted: Pick<WantedTraffic, "publicName" | "zoneName" | "projectId" | "stack" | "generation">,
  signal: AbortSignal,
): Promise<SeenTraffic | undefined> {
  const zoneId = await zoneOf(ports.dns, wanted, signal);
  const lease = await readLease(ports.dns, zoneId, wanted.publicName, signal);
  const records = await recordsOf(ports.dns, zoneId, wanted.publicName, signal);
  const record = records.find(({ type }) => type === "CNAME");
  if (!lease && !record) return undefined;
  const domain = await ports.vercel.domain(wanted.projectId, wanted.publicName, signal);
  return {
    holder: lease ? leaseContent(lease) : "nobody",
    held: lease !== undefined && isSame(lease, wanted),
    recordId: record?.id ?? "",
    hasDomain: domain !== undefined,
  };
}

/**
 * Lets go of a public name: only while the lease is still this stack's, and then only of the domain and the lease. The
 * name's last record stays, so that the next holder changes it in place. Returns, in words, what was let go and what stayed.
 */
export async function releaseTraffic(
  ports: Pick<TrafficPorts, "vercel" | "dns">,
  wanted: Pick<WantedTraffic, "publicName" | "zoneName" | "projectId" | "stack" | "generation">,
  signal: AbortSignal,
): Promise<string[]> {
  const { publicName } = wanted;
  const zoneId = await ports.dns.zoneId(wanted.zoneName, signal);
  if (zoneId === undefined) return [`zone ${wanted.zoneName} is gone: there is nothing to let go`];
  const lease = await readLease(ports.dns, zoneId, publicName, signal);
  if (lease === undefined || !isSame(lease, wanted)) {
    return [`${publicName} stays as it is: ${lease ? leaseContent(lease) : "nobody"} holds it`];
  }
  const done: string[] = [];
  if (await ports.vercel.domain(wanted.projectId, publicName, signal)) {
    await ports.vercel.removeDomain(wanted.projectId, publicName, signal);
    done.push(`domain ${publicName} removed from project ${wanted.projectId}`);
  }
  const records = await recordsOf(ports.dns, zoneId, publicName, signal);
  if (records.length > 0) done.push(`record ${publicName} stays: the next holder changes it in place`);
  await ports.dns.deleteRecord(zoneId, lease.recordId, signal);
  return [...done, `lease ${leaseContent(lease)} given back`];
}

/** Brings the domain to the project, from whichever project of the account has it, and proves it where Vercel asks. */
async function moveDomain(
  ports: TrafficPorts,
  wanted: WantedTraffic & { zoneId: string },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<void> {
  const { vercel } = ports;
  const { projectId, publicName } = wanted;
  const domain =
    (await vercel.domain(projectId, publicName, signal)) ?? (await obtainDomain(vercel, projectId, publicName, signal));
  if (domain.verified) return;
  await proveDomain(ports, { ...wanted, domain }, signal, reporter);
}

async function obtainDomain(
  vercel: Vercel,
  projectId: string,
  name: string,
  signal: AbortSignal,
): Promise<VercelDomain> {
  const added = await vercel.addDomain(projectId, name, signal);
  if (added !== "inUse") return added;
  for (const project of await vercel.projects(signal)) {
    if (project.id === projectId || !(await vercel.domain(project.id, name, signal))) continue;
    return vercel.moveDomain(project.id, name, projectId, signal);
  }
  throw new UserError(
    `${name} belongs to a Vercel project that VERCEL_API_TOKEN does not see: remove it there, or use a token of that team.`,
  );
}

/** Writes the TXT records that Vercel asks for when a domain was another team's, and has them checked. */
async function proveDomain(
  ports: TrafficPorts,
  wanted: WantedTraffic & { zoneId: string; domain: VercelDomain },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<void> {
  const { publicName, zoneId } = wanted;
  for (const proof of wanted.domain.verification ?? []) {
    if (proof.type !== "TXT")
      throw new UserError(
        `Vercel wants a ${proof.type} record at ${proof.domain} with ${proof.value} to prove ${publicName}: set it and run again.`,
      );
    const there = (await ports.dns.records(zoneId, proof.domain, signal)).some(({ content }) =>
      content.includes(proof.value),
    );
    if (there) continue;
    reporter(`proving ${publicName} by a TXT record at ${proof.domain}`);
    await ports.dns.createRecord(
      zoneId,
      { type: "TXT", name: proof.domain, content: proof.value, ttlSeconds: RECORD_TTL_SECONDS },
      signal,
    );
  }
  await poll<true>(
    async () =>
      (await ports.vercel.verifyDomain(wanted.projectId, publicName, signal)).verified
        ? { done: true }
        : { waitingFor: "Vercel does not see the proof yet" },
    {
      patience: (ports.timing ?? realTiming).traffic,
      clock: ports.clock,
      signal,
      onLimit: () => new Error(`Vercel did not accept the proof for ${publicName} in time: run again to go on.`),
    },
  );
}
