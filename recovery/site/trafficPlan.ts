import type { AppHost } from "../../services/appHost/appHost.ts";
import { UserError } from "../../services/common/errors.ts";
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

/** What the move of a public name changes. A preview prints it, and the move carries it out. */
export interface TrafficPlan {
  publicName: string;
  zoneId: string;
  /** The lease before; undefined without one. */
  holder: Lease | undefined;
  records: RecordPlan;
  /** The app host's project that has the name; undefined if the token sees none. */
  project: { id: string; name: string } | undefined;
  /** Why the stack may not take the name. */
  refusal: string | undefined;
}

/** Reads a public name with all that a move changes of it. Changes nothing. */
export async function planTraffic(
  { dns, appHost }: { dns: DnsHost; appHost: AppHost },
  wanted: WantedName,
  signal: AbortSignal,
): Promise<TrafficPlan> {
  const { publicName, zoneId } = wanted;
  const [lease, claims, before, project] = await Promise.all([
    readLease(dns, zoneId, publicName, signal),
    readClaims(dns, zoneId, publicName, signal),
    recordsOf(dns, zoneId, publicName, signal),
    projectWith(appHost, publicName, signal),
  ]);
  const holders = [lease, ...claims.filter(({ stack }) => stack !== wanted.stack)];
  const [refusal] = holders.flatMap((one) => leaseRefusal(one, wanted, publicName) ?? []);
  return {
    publicName,
    zoneId,
    holder: lease && { stack: lease.stack, generation: lease.generation },
    records: planRecords(before, appHost, publicName),
    project,
    refusal: refusal ?? liveNameRefusal(before, lease, { ...wanted, publicName }),
  };
}

async function projectWith(appHost: AppHost, name: string, signal: AbortSignal): Promise<TrafficPlan["project"]> {
  const id = await appHost.publicNameHolder(name, signal);
  return id === undefined ? undefined : { id, name: (await appHost.project(id, signal))?.name ?? id };
}

/** What a move to a project changes of what is there, each as a sentence. */
export function planSentences(
  { publicName, records, project }: TrafficPlan,
  projectName: string,
  { dns, appHost }: { dns: Pick<DnsHost, "name" | "automaticTtlSeconds">; appHost: Pick<AppHost, "name"> },
): string[] {
  const moves = project !== undefined && project.name !== projectName;
  return [
    ...recordSentences(records, dns),
    ...(moves
      ? [`A recovery moves the domain ${publicName} from ${appHost.name} project ${project.name} to ${projectName}.`]
      : []),
  ];
}

/** What a plan has seen of the name, a line each: equal lines mean that nothing has changed. */
export function seenLines({ publicName, holder, records, project }: TrafficPlan): string[] {
  return [
    `${leaseNameOf(publicName)}: ${holder === undefined ? "no stack" : leaseContent(holder)}`,
    `domain ${publicName}: ${project === undefined ? "no project that the token sees" : `project ${project.name}`}`,
    ...records.before.map(recordLine).sort(),
  ];
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
