import type { AppHost } from "../../services/appHost/appHost.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";
import { liveNameRefusal, recordsOf } from "./publicRecord.ts";
import { planRecords, type RecordPlan, recordSentences } from "./recordPlan.ts";
import { type Lease, leaseContent, leaseNameOf, leaseRefusal, readClaims, readLease } from "./trafficLease.ts";

/** Which public name a stack wants. */
export interface WantedName extends Lease {
  publicName: string;
  zoneId: string;
  /** Whether the settings allow taking the name from a site that no stack holds. */
  takeover?: boolean | undefined;
}

/** A project that has a public name. */
export interface HoldingProject {
  id: string;
  name: string;
  /** The app host with the token that sees it. */
  appHost: AppHost;
  /** Whether only the other stack's token sees it. */
  isPeers: boolean;
}

/** What a plan reads. */
export interface PlanPorts {
  dns: DnsHost;
  appHost: AppHost;
  /** The app host of the other stack's team. @default - the same team */
  otherTeam?: (() => AppHost) | undefined;
}

/** What the move of a public name changes. A preview prints it, and the move carries it out. */
export interface TrafficPlan {
  publicName: string;
  zoneId: string;
  /** The lease before; undefined without one. */
  holder: Lease | undefined;
  records: RecordPlan;
  /** The app host's project that has the name; undefined if no token sees one. */
  project: HoldingProject | undefined;
  /** Why the other stack's team could not be asked for it. */
  unseen?: string | undefined;
  /** Why the stack may not take the name. */
  refusal: string | undefined;
}

/** Reads a public name with all that a move changes of it. Changes nothing. */
export async function planTraffic(
  { dns, appHost, otherTeam }: PlanPorts,
  wanted: WantedName,
  signal: AbortSignal,
): Promise<TrafficPlan> {
  const { publicName, zoneId } = wanted;
  const [lease, claims, before, seen] = await Promise.all([
    readLease(dns, zoneId, publicName, signal),
    readClaims(dns, zoneId, publicName, signal),
    recordsOf(dns, zoneId, publicName, signal),
    projectWith({ appHost, otherTeam }, publicName, signal),
  ]);
  const holders = [lease, ...claims.filter(({ stack }) => stack !== wanted.stack)];
  const [refusal] = holders.flatMap((one) => leaseRefusal(one, wanted, publicName) ?? []);
  return {
    publicName,
    zoneId,
    holder: lease && { stack: lease.stack, generation: lease.generation },
    records: planRecords(before, appHost, publicName),
    ...seen,
    refusal: refusal ?? liveNameRefusal(before, lease, { ...wanted, publicName }),
  };
}

/**
 * The project that has a name, in this stack's team or in the other stack's. Where the latter can't be asked, the name is moved without: the app
 * host then wants a proof in the zone, whatever project has the name.
 */
async function projectWith(
  { appHost, otherTeam }: Omit<PlanPorts, "dns">,
  publicName: string,
  signal: AbortSignal,
): Promise<Pick<TrafficPlan, "project" | "unseen">> {
  const lookIn = async (host: AppHost, isPeers: boolean): Promise<HoldingProject | undefined> => {
    const id = await host.publicNameHolder(publicName, signal);
    if (id === undefined) return undefined;
    return { id, name: (await host.project(id, signal))?.name ?? id, appHost: host, isPeers };
  };
  const own = await lookIn(appHost, false);
  if (own !== undefined || otherTeam === undefined) return { project: own };
  try {
    return { project: await lookIn(otherTeam(), true) };
  } catch (error) {
    signal.throwIfAborted();
    return { project: undefined, unseen: messageOf(error) };
  }
}

/** What a move to a project changes of what is there, each as a sentence. */
export function planSentences(
  { publicName, records, project, unseen }: TrafficPlan,
  projectName: string,
  { dns, appHost }: { dns: Pick<DnsHost, "name" | "automaticTtlSeconds">; appHost: Pick<AppHost, "name"> },
): string[] {
  const moves = project !== undefined && (project.isPeers || project.name !== projectName);
  return [
    ...recordSentences(records, dns),
    ...(moves
      ? [
          `A recovery moves the domain ${publicName} from ${appHost.name} project ${project.name}${teamOf(project)} to ${projectName}.`,
        ]
      : []),
    ...(unseen === undefined
      ? []
      : [`Whether a project of the other stack's team has ${publicName} is not known: ${unseen}`]),
  ];
}

/** What a plan has seen of the name, a line each: equal lines mean that nothing has changed. */
export function seenLines({ publicName, holder, records, project }: TrafficPlan): string[] {
  return [
    `${leaseNameOf(publicName)}: ${holder === undefined ? "no stack" : leaseContent(holder)}`,
    `domain ${publicName}: ${project === undefined ? "no project that the token sees" : `project ${project.name}${teamOf(project)}`}`,
    ...records.before.map(recordLine).sort(),
  ];
}

function teamOf({ isPeers }: HoldingProject): string {
  return isPeers ? " of the other stack's team" : "";
}

function recordLine({ type, name, content, proxied, ttlSeconds }: DnsRecord): string {
  return `${name}: ${type} ${content}, ${proxied ? "proxied" : `TTL ${ttlSeconds ?? "automatic"}`}`;
}

/** Refuses a plan that differs from what was shown. UserError with what differs. */
export function refuseChanged(plan: TrafficPlan, shown: readonly string[]): void {
  const now = seenLines(plan);
  const [gone, come] = [shown.filter((line) => !now.includes(line)), now.filter((line) => !shown.includes(line))];
  if (gone.length === 0 && come.length === 0) return;
  throw new UserError(
    `${plan.publicName} is no longer as it was shown, so nothing of it was changed. It was: ${gone.join("; ") || "without a record"}. It is: ${come.join("; ") || "without a record"}. Run the same command again, which shows it as it is now.`,
  );
}
