import type { AppHost } from "../../services/appHost/appHost.ts";
import type { DnsHost, DnsRecord, WantedRecord } from "../../services/dns/dnsHost.ts";
import { RECORD_COMMENT, RECORD_TTL_SECONDS, recordsOf } from "./publicRecord.ts";
import { keptSeconds } from "./recordLifetime.ts";

/** One change of a name's records. */
type RecordStep =
  | { kind: "create"; record: WantedRecord }
  | { kind: "repoint"; record: DnsRecord; content: string }
  | { kind: "delete"; record: DnsRecord };

/** What leads a public name to the app host: its records as they were read, and the changes in their order. */
export interface RecordPlan {
  before: readonly DnsRecord[];
  steps: readonly RecordStep[];
}

/** Above this many seconds a sentence gives a lifetime in minutes, and names the remedy. */
const LONG_SECONDS = 300;

/** The app host's part in a public name's record. */
type DnsTargets = Pick<AppHost, "name" | "dnsTarget" | "dnsAddress" | "isDnsTarget">;

/**
 * What leads a name to the app host, from its A, AAAA and CNAME records. A CNAME or an A record gets another content in place: its type,
 * lifetime and proxy stay as they are. At the apex the DNS host flattens a CNAME (https://developers.cloudflare.com/dns/cname-flattening/).
 * Records that lead elsewhere, AAAA records among them, are deleted after that, since the app host has no IPv6 addresses for them
 * (`A` and `CNAME` are all that https://vercel.com/docs/domains/working-with-domains/add-a-domain names). So the name has an answer at every moment.
 */
export function planRecords(before: readonly DnsRecord[], appHost: DnsTargets, name: string): RecordPlan {
  const leads = ({ type, content }: DnsRecord) => type !== "AAAA" && appHost.isDnsTarget(content);
  const kept = before.find(leads) ?? before.find(({ type }) => type !== "AAAA");
  const others = before.filter((record) => record !== kept && !leads(record));
  const steps: RecordStep[] = [];
  if (kept === undefined) steps.push({ kind: "create", record: newRecord(appHost, name, before[0]) });
  else if (!leads(kept))
    steps.push({
      kind: "repoint",
      record: kept,
      content: kept.type === "A" ? appHost.dnsAddress : appHost.dnsTarget,
    });
  return { before, steps: [...steps, ...others.map((record) => ({ kind: "delete" as const, record }))] };
}

/** A CNAME, or an A record like the AAAA record in whose place it comes, beside which no CNAME may stand. */
function newRecord(appHost: DnsTargets, name: string, like: DnsRecord | undefined): WantedRecord {
  if (like === undefined)
    return {
      type: "CNAME",
      name,
      content: appHost.dnsTarget,
      ttlSeconds: RECORD_TTL_SECONDS,
      comment: RECORD_COMMENT,
    };
  return { ...wantedLike(like), type: "A", content: appHost.dnsAddress };
}

function wantedLike({ type, name, content, proxied, ttlSeconds, comment, tags }: DnsRecord): WantedRecord {
  return {
    type,
    name,
    content,
    proxied,
    ...(ttlSeconds !== undefined && { ttlSeconds }),
    ...(comment !== undefined && { comment }),
    ...(tags !== undefined && { tags }),
  };
}

/** What a plan changes of records that are there, each as a sentence. A new record beside none is no change of one. */
export function recordSentences({ steps }: RecordPlan, dns: Pick<DnsHost, "name" | "automaticTtlSeconds">): string[] {
  return steps.flatMap((step) => {
    const { record } = step;
    if (step.kind === "create" && record.type === "CNAME") return [];
    if (step.kind === "create") return [`A recovery makes an A record of ${record.name} to ${record.content}.`];
    const stays = staysOf(step.record, dns);
    if (step.kind === "delete")
      return [
        `A recovery deletes the ${record.type} record of ${record.name} to ${record.content}, which cannot lead to the app. ${stays}`,
      ];
    return [
      `A recovery changes the ${record.type} record of ${record.name} from ${record.content} to ${step.content}. ${stays}`,
    ];
  });
}

/** What a change costs visitors whose resolvers keep the record of before. */
function staysOf(record: DnsRecord, dns: Pick<DnsHost, "name" | "automaticTtlSeconds">): string {
  if (record.proxied) return `Its name stays proxied by ${dns.name}.`;
  const seconds = keptSeconds(record, dns);
  if (seconds <= LONG_SECONDS) return `Resolvers may keep the old one for ${seconds} seconds.`;
  return `Resolvers may keep the old one for ${Math.round(seconds / 60)} minutes, in which visitors come to the site before. \`castchat-recovery traffic prepare\` shortens that ahead of a planned move.`;
}

/** Carries out a plan. Returns the id of the record that leads to the app host. */
export async function applyRecords(
  dns: DnsHost,
  zoneId: string,
  { before, steps }: RecordPlan,
  signal: AbortSignal,
): Promise<string> {
  let id = before.find((record) => !steps.some((step) => step.kind === "delete" && step.record === record))?.id ?? "";
  for (const step of steps) {
    if (step.kind === "create") id = (await dns.createRecord(zoneId, step.record, signal)).id;
    else if (step.kind === "repoint") ({ id } = await dns.repointRecord(zoneId, step.record, step.content, signal));
    else await dns.deleteRecord(zoneId, step.record.id, signal);
  }
  return id;
}

/**
 * Puts a name's records back as they were, in an order that leaves the name an answer at every moment. A record that was deleted comes back with
 * another id. It can be run again at any point.
 */
export async function putRecordsBack(
  dns: DnsHost,
  { zoneId, publicName }: { zoneId: string; publicName: string },
  before: readonly DnsRecord[],
  signal: AbortSignal,
): Promise<void> {
  const now = await recordsOf(dns, zoneId, publicName, signal);
  const isSame = (one: DnsRecord, other: DnsRecord) => one.type === other.type && one.content === other.content;
  const wasHere = new Set<string>();
  for (const old of before) {
    const present = now.find(({ id }) => id === old.id) ?? now.find((record) => isSame(record, old));
    if (present === undefined) await dns.createRecord(zoneId, wantedLike(old), signal);
    else {
      wasHere.add(present.id);
      if (!isSame(present, old)) await dns.repointRecord(zoneId, present, old.content, signal);
    }
  }
  for (const { id } of now.filter((record) => !wasHere.has(record.id))) await dns.deleteRecord(zoneId, id, signal);
}
