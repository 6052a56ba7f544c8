import type { AppHost } from "../../services/appHost/appHost.ts";
import type { Edge } from "../../services/appHost/edge.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { applicationHealth, type HealthContract, waitUntilHealthy } from "./applicationHealth.ts";
import { authoritiesOf, authorityRefusal } from "./certificateAuthority.ts";
import { edgeThroughProtection } from "./deploymentProtection.ts";
import { zoneOf } from "./publicRecord.ts";
import type { Lease } from "./trafficLease.ts";
import { planTraffic, refuseChanged, type TrafficPlan } from "./trafficPlan.ts";
import { howToProve, trafficDoubt, type TrafficTarget } from "./trafficProof.ts";

/** What the operations on traffic work with. */
export interface TrafficPorts {
  appHost: AppHost;
  /** The app host of the other stack's team, whose project may have the name. @default - the same team */
  otherTeam?: (() => AppHost) | undefined;
  dns: DnsHost;
  edge: Edge;
  clock: Clock;
  /** @default - the real one */
  timing?: Timing;
}

/** A deployment to which names are to lead. */
export interface WantedTarget extends HealthContract {
  projectId: string;
  /** Address of the deployment itself, whose health decides. */
  deploymentUrl: string;
}

/** A public name that is to lead to a project, for which stack and generation. */
export interface WantedMove extends Lease {
  publicName: string;
  zoneName: string;
  projectId: string;
  /** Whether the settings allow taking the name from a site that no stack holds. */
  takeover?: boolean | undefined;
  /** The name as a preview has shown it (`seenLines`). If it has changed since, nothing is moved. */
  shown?: readonly string[] | undefined;
}

/** Which name is to lead where, and for which stack and generation. */
export interface WantedTraffic extends WantedMove, WantedTarget {
  /** Start the app host's scheduled calls once the name leads to the project. */
  startsScheduledCalls?: boolean | undefined;
}

/**
 * Plans the move of a name, and applies every refusal. UserError if the stack may not take it, if it is no longer as it was shown, or if the app host
 * would get no certificate for it. A name that the project has already has had its certificate. Changes nothing.
 */
export async function permittedMove(
  ports: TrafficPorts,
  wanted: WantedMove,
  signal: AbortSignal,
): Promise<TrafficPlan> {
  const { zoneName, publicName: name } = wanted;
  const zoneId = await zoneOf(ports.dns, wanted, signal);
  const plan = await planTraffic(ports, { ...wanted, zoneId }, signal);
  if (plan.refusal !== undefined) throw new UserError(plan.refusal);
  if (wanted.shown !== undefined) refuseChanged(plan, wanted.shown);
  if (plan.project?.id === wanted.projectId) return plan;
  const refusal = authorityRefusal(
    ports.appHost,
    await authoritiesOf(ports.dns, { zoneId, zoneName, name }, signal),
    name,
  );
  if (refusal === undefined) return plan;
  throw new UserError(`${refusal.why} In ${ports.dns.name}, ${refusal.mend}. Then run the same command again.`);
}

/** The deployment that names are to lead to. Throws, before anything has moved, unless it is a healthy one of the project. */
export async function healthyTarget(
  ports: TrafficPorts,
  wanted: WantedTarget,
  signal: AbortSignal,
): Promise<TrafficTarget> {
  const { projectId, deploymentUrl } = wanted;
  const refuse = (why: string): Error =>
    new Error(
      `Traffic stays where it is, because ${why}. Deploy a working application, and run the same command again.`,
    );
  const edge = await edgeThroughProtection(ports, projectId, deploymentUrl, signal);
  const health = await applicationHealth(edge, deploymentUrl, wanted, signal);
  if (!health.healthy) throw refuse(`the target is not healthy: ${health.reason}`);
  const deployment = await ports.appHost.deployment(new URL(deploymentUrl).host, signal);
  if (deployment?.projectId !== projectId)
    throw refuse(`${deploymentUrl} is not a deployment of ${ports.appHost.name} project ${projectId}`);
  return { deployment, health };
}

/** Waits until a name answers from the target's own deployment. Throws an error that ends with `advice`. */
export async function untilServed(
  ports: TrafficPorts,
  name: string,
  { contract, target, advice }: { contract: HealthContract; target: TrafficTarget; advice: string },
  signal: AbortSignal,
  reporter: Reporter,
): Promise<void> {
  await waitUntilHealthy({
    edge: ports.edge,
    address: `https://${name}`,
    contract,
    patience: (ports.timing ?? realTiming).traffic,
    clock: ports.clock,
    signal,
    reporter,
    advice: `${advice} If it answers but is not recognised, ${howToProve(ports.appHost)}.`,
    notYet: (answer) => trafficDoubt(ports.appHost, name, target, answer, signal),
  });
}
