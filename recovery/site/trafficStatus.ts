import type { AppHost } from "../../services/appHost/appHost.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { recordsOf } from "./publicRecord.ts";
import { loweredFrom } from "./recordLifetime.ts";
import { leaseContent, readLease } from "./trafficLease.ts";

/** A public name, and where its visitors come to. */
export interface NameStatus {
  publicName: string;
  /** The lease's content, or "no stack". */
  holder: string;
  records: {
    type: string;
    content: string;
    proxied: boolean;
    /** Null if the DNS host chooses it. */
    ttlSeconds: number | null;
    /** Until when resolvers may keep the lifetime of before, if it was lowered for a move. */
    loweredUntil: string | null;
  }[];
  /** Name of the app host's project that serves the name; null if its records lead elsewhere, or no project that the token sees has it. */
  project: string | null;
  /** Whose project that is: this stack's, the other's, or not known. */
  serves: "this stack" | "the other stack" | "unknown";
}

/** A public name of an app as it is now. Changes nothing. */
export async function nameStatus(
  { dns, appHost }: { dns: DnsHost; appHost: AppHost },
  {
    zoneId,
    publicName,
    app,
  }: { zoneId: string; publicName: string; app: { project: string; peerProject?: string | undefined } },
  signal: AbortSignal,
): Promise<NameStatus> {
  const [lease, records, id] = await Promise.all([
    readLease(dns, zoneId, publicName, signal),
    recordsOf(dns, zoneId, publicName, signal),
    appHost.publicNameHolder(publicName, signal),
  ]);
  const leads = records.some(({ content }) => appHost.isDnsTarget(content));
  const project = leads && id !== undefined ? ((await appHost.project(id, signal))?.name ?? id) : null;
  const serves =
    project === app.project
      ? "this stack"
      : project !== null && project === app.peerProject
        ? "the other stack"
        : "unknown";
  return {
    publicName,
    holder: lease ? leaseContent(lease) : "no stack",
    records: records.map((record) => ({
      type: record.type,
      content: record.content,
      proxied: record.proxied,
      ttlSeconds: record.ttlSeconds ?? null,
      loweredUntil: loweredFrom(record)?.until.toISOString() ?? null,
    })),
    project,
    serves,
  };
}
