import type { Edge } from "../../services/appHost/edge.ts";
import type { Clock } from "../../services/common/clock.ts";
import { messageOf } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Timing } from "../../services/common/timing.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { applicationHealth, type HealthContract } from "./applicationHealth.ts";
import { bringName } from "./publicName.ts";
import { putRecordsBack } from "./recordPlan.ts";
import { returnLease } from "./trafficLease.ts";
import type { TrafficPlan } from "./trafficPlan.ts";

/** What a move and its way back work with. */
interface WayPorts {
  clock: Clock;
  timing?: Timing;
  dns: DnsHost;
  edge: Edge;
}

/** A public name before its move. */
export interface Before {
  plan: TrafficPlan;
  contract: HealthContract;
  /** Whether the site answered its visitors under the name. */
  wasHealthy: boolean;
}

/** Asks the site that a name still leads to, so that it is known whether there is a way back. */
export async function lookBack(
  { edge }: WayPorts,
  plan: TrafficPlan,
  contract: HealthContract,
  signal: AbortSignal,
): Promise<Before> {
  const { healthy } = await applicationHealth(edge, `https://${plan.publicName}`, contract, signal);
  return { plan, contract, wasHealthy: healthy };
}

/**
 * After a move that failed: leads the name back to a site that answered before the move, unless its visitors are served. Throws in any case. A name
 * that answers, but not yet from the new site, may be an old DNS answer, so it stays moved. In an emergency the old site is lost or stopped, and
 * the name stays for the next run.
 */
export async function moveBack(
  ports: WayPorts,
  { plan, contract, wasHealthy }: Before,
  failure: unknown,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<never> {
  signal.throwIfAborted();
  const { publicName, zoneId, project, records, holder } = plan;
  const address = `https://${publicName}`;
  if (!wasHealthy || (await applicationHealth(ports.edge, address, contract, signal)).healthy) throw failure;
  reporter(`moving ${publicName} back, because the site before answered and this one does not`);
  await putRecordsBack(ports.dns, { zoneId, publicName }, records.before, signal);
  if (project !== undefined) {
    const { id: projectId, appHost } = project;
    await bringName({ ...ports, appHost }, { publicName, zoneId, projectId }, signal, reporter);
  }
  await returnLease(ports.dns, zoneId, publicName, holder, signal);
  const now = await applicationHealth(ports.edge, address, contract, signal);
  const state = now.healthy
    ? "it answers there again"
    : `resolvers may need the lifetime of its record (${now.reason})`;
  throw new Error(
    `${messageOf(failure)} So ${publicName} was led back to the site before, and ${state}. Mend the new site, and run the same command again.`,
    { cause: failure },
  );
}
