import type { Reporter } from "../../services/common/reporter.ts";
import { bringName } from "./publicName.ts";
import { recordsOf, zoneOf } from "./publicRecord.ts";
import { applyRecords } from "./recordPlan.ts";
import { setScheduledCalls } from "./scheduledCalls.ts";
import { dropClaims, isSame, leaseContent, leaseNameOf, readLease, takeLease } from "./trafficLease.ts";
import { healthyTarget, permittedMove, type TrafficPorts, untilServed, type WantedTraffic } from "./trafficMove.ts";
import { lookBack, moveBack } from "./wayBack.ts";

const AFTER_THE_MOVE =
  "The lease, the domain and the record are in place. Run the same command again once the name resolves.";

/** The public name as it was handed over. */
export interface SwitchedTraffic {
  /** Name of the record that holds the lease. */
  leaseName: string;
  /** The lease's content, "stack=…;generation=…". */
  holder: string;
  /** Lease of another stack that held the name before. */
  previousHolder?: string | undefined;
  recordId: string;
  durationMs: number;
  /** What the operator has to know. */
  notes: string[];
}

/**
 * Points a public name to a project. It checks the target's health and every refusal first, then takes the lease, moves the domain, changes
 * the records, and waits until the name itself answers from the new deployment. If the name does not answer, and the site before did, the name goes
 * back to it. It can be run again at any point, since each step recognises what an interrupted run has done. Refusals are UserErrors.
 */
export async function switchTraffic(
  ports: TrafficPorts,
  wanted: WantedTraffic,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<SwitchedTraffic> {
  const start = ports.clock().getTime();
  const { publicName, deploymentUrl } = wanted;
  const plan = await permittedMove(ports, wanted, signal);
  const { zoneId } = plan;
  const target = await healthyTarget(ports, wanted, signal);
  const before = await lookBack(ports, plan, wanted, signal);

  reporter(`taking the lease of ${publicName} for ${leaseContent(wanted)}`);
  const lease = await takeLease(ports.dns, zoneId, publicName, wanted, signal);
  reporter(`moving ${publicName} to ${ports.appHost.name} project ${wanted.projectId}`);
  await bringName(ports, { ...wanted, zoneId }, signal, reporter);
  const recordId = await applyRecords(ports.dns, zoneId, plan.records, signal);
  reporter(`waiting until ${publicName} answers from ${deploymentUrl}`);
  await untilServed(ports, publicName, { contract: wanted, target, advice: AFTER_THE_MOVE }, signal, reporter).catch(
    (error: unknown) => moveBack(ports, before, error, signal, reporter),
  );
  return {
    leaseName: leaseNameOf(publicName),
    holder: leaseContent(wanted),
    ...lease,
    recordId,
    durationMs: ports.clock().getTime() - start,
    notes: wanted.startsScheduledCalls ? await startCalls(ports, wanted, signal, reporter) : [],
  };
}

async function startCalls(
  { appHost }: TrafficPorts,
  { projectId }: WantedTraffic,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<string[]> {
  reporter(`starting the scheduled calls of ${appHost.name} project ${projectId}`);
  const note = await setScheduledCalls(appHost, projectId, true, signal);
  return note === undefined ? [] : [note];
}

/** What a look at a public name found. */
export interface SeenTraffic {
  /** The lease's content, or "no stack". */
  holder: string;
  /** True while the stack still holds the name. */
  held: boolean;
  recordId: string;
  /** Whether the project still has the domain. */
  hasDomain: boolean;
}

/** A public name as it is now, or undefined if it has neither lease nor record. Reports a lost lease; changes nothing. */
export async function readTraffic(
  ports: Pick<TrafficPorts, "appHost" | "dns">,
  wanted: Pick<WantedTraffic, "publicName" | "zoneName" | "projectId" | "stack" | "generation">,
  signal: AbortSignal,
): Promise<SeenTraffic | undefined> {
  const zoneId = await zoneOf(ports.dns, wanted, signal);
  const lease = await readLease(ports.dns, zoneId, wanted.publicName, signal);
  const records = await recordsOf(ports.dns, zoneId, wanted.publicName, signal);
  const record = records.find(({ type }) => type !== "AAAA");
  if (!lease && !record) return undefined;
  const domain = await ports.appHost.publicName(wanted.projectId, wanted.publicName, signal);
  return {
    holder: lease ? leaseContent(lease) : "no stack",
    held: lease !== undefined && isSame(lease, wanted),
    recordId: record?.id ?? "",
    hasDomain: domain !== undefined,
  };
}

/**
 * Releases a public name, only while this stack still holds the lease: the domain and the lease. The name's last record stays, so that the
 * next holder changes it in place. Returns, in words, what was released and what stayed.
 */
export async function releaseTraffic(
  ports: Pick<TrafficPorts, "appHost" | "dns">,
  wanted: Pick<WantedTraffic, "publicName" | "zoneName" | "projectId" | "stack" | "generation">,
  signal: AbortSignal,
): Promise<string[]> {
  const { publicName } = wanted;
  const zoneId = await ports.dns.zoneId(wanted.zoneName, signal);
  if (zoneId === undefined) return [`zone ${wanted.zoneName} is gone: there is nothing to release`];
  const lease = await readLease(ports.dns, zoneId, publicName, signal);
  await dropClaims(ports.dns, zoneId, publicName, (claim) => isSame(claim, wanted), signal);
  if (lease === undefined || !isSame(lease, wanted))
    return [`${publicName} stays as it is: ${lease ? leaseContent(lease) : "no stack"} holds it`];
  const done: string[] = [];
  if (await ports.appHost.publicName(wanted.projectId, publicName, signal)) {
    await ports.appHost.releasePublicName(wanted.projectId, publicName, signal);
    done.push(`domain ${publicName} removed from project ${wanted.projectId}`);
  }
  const records = await recordsOf(ports.dns, zoneId, publicName, signal);
  if (records.length > 0) done.push(`record ${publicName} stays: the next holder changes it in place`);
  await ports.dns.deleteRecord(zoneId, lease.recordId, signal);
  return [...done, `lease ${leaseContent(lease)} released`];
}
