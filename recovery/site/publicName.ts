import type { AppHost, PublicName } from "../../services/appHost/appHost.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { RECORD_TTL_SECONDS } from "./publicRecord.ts";

/** What a public name is brought with. */
interface NamePorts {
  appHost: AppHost;
  dns: DnsHost;
  clock: Clock;
  timing?: Timing;
}

/** The name, its zone, and the project that gets it. */
interface WantedName {
  publicName: string;
  zoneId: string;
  projectId: string;
}

/** Brings a public name to a project, from any project that has it, and proves it if the app host asks for that. */
export async function bringName(
  ports: NamePorts,
  wanted: WantedName,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<void> {
  const taken = await ports.appHost.takePublicName(wanted.projectId, wanted.publicName, signal);
  if (taken.isVerified) return;
  await writeProofs(ports, wanted, taken, signal, reporter);
  await untilVerified(ports, wanted, signal);
}

/** Writes the TXT records that the app host asks for when a name was another account's. */
async function writeProofs(
  { appHost, dns }: NamePorts,
  { publicName, zoneId }: WantedName,
  { proofs }: PublicName,
  signal: AbortSignal,
  reporter: Reporter,
): Promise<void> {
  for (const { type, domain, value } of proofs) {
    if (type !== "TXT")
      throw new UserError(
        `${appHost.name} wants a ${type} record at ${domain} with ${value} to prove ${publicName}: set it and run again.`,
      );
    if ((await dns.records(zoneId, domain, signal)).some(({ content }) => content.includes(value))) continue;
    reporter(`proving ${publicName} by a TXT record at ${domain}`);
    const record = { type, name: domain, content: value, ttlSeconds: RECORD_TTL_SECONDS } as const;
    await dns.createRecord(zoneId, record, signal);
  }
}

async function untilVerified(
  { appHost, clock, timing = realTiming }: NamePorts,
  { publicName, projectId }: WantedName,
  signal: AbortSignal,
): Promise<void> {
  await poll<true>(
    async () =>
      (await appHost.verifyPublicName(projectId, publicName, signal)).isVerified
        ? { done: true }
        : { waitingFor: `${appHost.name} does not see the proof yet` },
    {
      patience: timing.traffic,
      clock,
      signal,
      onLimit: () =>
        new Error(`${appHost.name} did not accept the proof for ${publicName} in time: run again to continue.`),
    },
  );
}
