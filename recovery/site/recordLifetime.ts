import type { DnsHost, DnsRecord } from "../../services/dns/dnsHost.ts";
import { RECORD_TTL_SECONDS, recordsOf } from "./publicRecord.ts";

/** What a lowered record's comment ends with: the lifetime before, and until when resolvers may keep that. */
const MARK = / ?\[TTL (\d+|auto) until ([0-9TZ:.-]+)\]$/;

/** The lifetime of a record before it was lowered for a move. */
export interface Lowered {
  /** In seconds; undefined if the DNS host chooses it. */
  ttlSeconds: number | undefined;
  /** Until when resolvers may keep the record with that lifetime. */
  until: Date;
  /** The record's own comment; empty without one. */
  comment: string;
}

/** One record that gets another lifetime. */
export interface LifetimeChange {
  record: DnsRecord;
  to: { ttlSeconds: number | undefined; comment: string };
  /** The lifetime before it was lowered. */
  lowered: Lowered;
}

/** The lifetime before, of a record that was lowered; undefined for any other. */
export function loweredFrom({ comment = "" }: DnsRecord): Lowered | undefined {
  const [mark, seconds, until = ""] = MARK.exec(comment) ?? [];
  if (mark === undefined) return undefined;
  return {
    ttlSeconds: seconds === "auto" ? undefined : Number(seconds),
    until: new Date(until),
    comment: comment.slice(0, -mark.length),
  };
}

/** Seconds for which resolvers may keep an answer of a record. A proxied name answers with the proxy's own addresses, which a move does not change. */
export function keptSeconds({ proxied, ttlSeconds }: DnsRecord, dns: Pick<DnsHost, "automaticTtlSeconds">): number {
  return proxied ? 0 : (ttlSeconds ?? dns.automaticTtlSeconds);
}

/** What lowers the lifetimes of a name's records ahead of a planned move. A record that is short or lowered already stays as it is. */
export async function planLowering(
  dns: DnsHost,
  zoneId: string,
  name: string,
  now: Date,
  signal: AbortSignal,
): Promise<LifetimeChange[]> {
  return (await recordsOf(dns, zoneId, name, signal)).flatMap((record) => {
    const seconds = keptSeconds(record, dns);
    if (seconds <= RECORD_TTL_SECONDS) return [];
    // Raised again by a person since: its mark is an old one.
    const comment = loweredFrom(record)?.comment ?? record.comment ?? "";
    // To the minute, rounded up: a DNS host limits the length of a comment.
    const until = new Date(Math.ceil((now.getTime() + seconds * 1000) / 60_000) * 60_000);
    const mark = `[TTL ${record.ttlSeconds ?? "auto"} until ${until.toISOString().slice(0, 16)}Z]`;
    return [
      {
        record,
        to: { ttlSeconds: RECORD_TTL_SECONDS, comment: `${comment} ${mark}`.trimStart() },
        lowered: { ttlSeconds: record.ttlSeconds, until, comment },
      },
    ];
  });
}

/** What gives a name's records their lifetimes and comments of before. A lifetime that a person has changed since stays. */
export async function planSettling(
  dns: DnsHost,
  zoneId: string,
  name: string,
  signal: AbortSignal,
): Promise<LifetimeChange[]> {
  return (await recordsOf(dns, zoneId, name, signal)).flatMap((record) => {
    const lowered = loweredFrom(record);
    if (lowered === undefined) return [];
    const ttlSeconds = record.ttlSeconds === RECORD_TTL_SECONDS ? lowered.ttlSeconds : record.ttlSeconds;
    return [{ record, to: { ttlSeconds, comment: lowered.comment }, lowered }];
  });
}

/** Carries out changes, each by one call: lifetime and comment never differ. It can be run again at any point. */
export async function changeLifetimes(
  dns: DnsHost,
  zoneId: string,
  changes: readonly LifetimeChange[],
  signal: AbortSignal,
): Promise<void> {
  for (const { record, to } of changes) await dns.changeLifetime(zoneId, record, to, signal);
}
