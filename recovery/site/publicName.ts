import type { AppHost, PublicName } from "../../services/appHost/appHost.ts";
import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { poll } from "../../services/common/polling.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, type Timing } from "../../services/common/timing.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { RECORD_TTL_SECONDS } from "./publicRecord.ts";

/** What moving a public name needs. */
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

/** Moves a public name to a project, from any project that has it, and proves the ownership if the app host asks for that. */
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

/** Writes the TXT records that the app host asks for if a name belonged to another account. */
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
        `${appHost.name} wants a ${type} record at ${domain} with ${value} to prove ${publicName}. Set it, and run the same command again.`,
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
        new Error(
          `${appHost.name} did not accept the proof for ${publicName} in time. Run the same command again to continue.`,
        ),
    },
  );
}
