import { messageOf, UserError } from "../../services/common/errors.ts";
import { authoritiesOf, authorityRefusal } from "../site/certificateAuthority.ts";
import { liveNameRefusal, RECORD_TTL_SECONDS, recordsOf } from "../site/publicRecord.ts";
import { keptSeconds } from "../site/recordLifetime.ts";
import { planRecords, recordSentences } from "../site/recordPlan.ts";
import { readLease } from "../site/trafficLease.ts";
import { type Check, failed, ok, type Outcome, skipped, warning } from "./check.ts";
import type { Subject } from "./subject.ts";

const EXISTS = "docs/accounts.md#what-exists-and-what-is-created";
const TOKENS = "docs/accounts.md#accounts-and-tokens";
const TOKEN = "CLOUDFLARE_API_TOKEN";

/** The zone, and whether a recovery could move the public names. */
export const DNS_CHECKS: readonly Check<Subject>[] = [
  { id: "dns.zone", about: "zone", docs: TOKENS, run: zone },
  { id: "dns.records", about: "records of the public names", docs: EXISTS, run: eachName(record) },
  { id: "dns.caa", about: "CAA", docs: EXISTS, run: eachName(authorities) },
  { id: "dns.lease", about: "lease of the names", docs: EXISTS, run: eachName(lease) },
  { id: "dns.takeover", about: "takeover", docs: EXISTS, run: eachName(takeover) },
].map((check) => ({ ...check, category: "DNS", token: TOKEN }));

async function zone({ settings, ports, zoneId, outputs }: Subject): Promise<Outcome> {
  if ((await zoneId()) !== undefined) return ok(`The token sees zone ${settings.zoneName}.`);
  if (settings.role === "primary" && settings.dns === "create" && outputs === undefined)
    return skipped("The stack is not up yet, and creates the zone.");
  return failed(
    `The token sees no zone ${settings.zoneName}, so no public name can be moved.`,
    `give ${ports.dns().tokenName} the rights Zone: read and DNS: edit on ${settings.zoneName}, or correct zoneName`,
  );
}

/** Runs a check for each public name. */
function eachName(run: (name: string, zoneId: string, subject: Subject) => Promise<Outcome>) {
  return async (subject: Subject): Promise<Outcome[]> => {
    const zoneId = await subject.zoneId();
    if (zoneId === undefined) return [skipped("There is no zone that the token sees.")];
    const all = subject.settings.apps.flatMap(({ publicNames }) => publicNames);
    return await Promise.all(all.map((name) => run(name, zoneId, subject)));
  };
}

async function record(name: string, zoneId: string, { ports, signal }: Subject): Promise<Outcome> {
  const dns = ports.dns();
  const records = await recordsOf(dns, zoneId, name, signal);
  if (records.length === 0) return ok(`${name} has no record; a recovery makes one.`);
  const changes = recordSentences(planRecords(records, ports.appHost(), name), dns);
  const longest = Math.max(...records.map((one) => keptSeconds(one, dns)));
  if (changes.length > 0 && longest > RECORD_TTL_SECONDS * 5)
    return warning(
      `Resolvers keep ${name} for ${longest} s, so visitors may come to the lost site for that long after a move. ${changes.join(" ")}`,
      `in ${dns.name}, set the TTL of ${name} to ${RECORD_TTL_SECONDS}`,
    );
  if (records.some(({ proxied }) => proxied))
    return warning(
      `${name} is proxied by ${dns.name} and stays so in a recovery, with the proxy's SSL mode, firewall and cache in front of another app. ${changes.join(" ")}`.trim(),
      `try it in a drill with a proxied record of the drill's name, or decide before an emergency to do without the proxy`,
    );
  return ok(
    changes.length === 0
      ? `${name} leads to ${ports.appHost().name}, so a move changes none of its records.`
      : changes.join(" "),
  );
}

/** Whether the app host's authority may issue a certificate for a name. */
async function authorities(name: string, zoneId: string, { settings, ports, signal }: Subject): Promise<Outcome> {
  const dns = ports.dns();
  const appHost = ports.appHost();
  const found = await authoritiesOf(dns, { zoneId, zoneName: settings.zoneName, name }, signal);
  const refusal = authorityRefusal(appHost, found, name);
  if (refusal !== undefined) return failed(refusal.why, `in ${dns.name}, ${refusal.mend}`);
  return ok(
    found === undefined
      ? `No CAA record limits who may issue a certificate for ${name}.`
      : `The CAA records of ${found.at} let ${appHost.name} get a certificate for ${name}.`,
  );
}

async function lease(name: string, zoneId: string, { ports, signal }: Subject): Promise<Outcome> {
  try {
    const held = await readLease(ports.dns(), zoneId, name, signal);
    return ok(
      held === undefined
        ? `No stack holds ${name}.`
        : `${name} is held by stack ${held.stack}, generation ${held.generation}.`,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return failed(messageOf(error), `in ${ports.dns().name}, delete the wrong record`);
  }
}

async function takeover(name: string, zoneId: string, { settings, ports, signal }: Subject): Promise<Outcome> {
  const { role, stack, generation, takeover: listed } = settings;
  if (role === "primary") return skipped("A primary takes no name over.");
  const held = await readLease(ports.dns(), zoneId, name, signal);
  const wanted = { stack, generation, takeover: listed.includes(name) };
  const records = await recordsOf(ports.dns(), zoneId, name, signal);
  const refusal = liveNameRefusal(records, held, { ...wanted, publicName: name });
  if (refusal !== undefined)
    return failed(
      `A recovery could not take ${name}: no stack holds it, and takeover does not list it.`,
      `pulumi config set --path 'takeover[${listed.length}]' ${name} -s ${stack}`,
    );
  if (held !== undefined && held.stack !== stack)
    return ok(`A recovery may take ${name} with generation ${held.generation + 1} or higher.`);
  return ok(`A recovery may take ${name}.`);
}
