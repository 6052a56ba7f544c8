import type { LifetimeChange } from "../../recovery/site/recordLifetime.ts";
import type { NameStatus } from "../../recovery/site/trafficStatus.ts";
import { visible } from "../../services/common/visibleText.ts";

/** A record that gets another lifetime, as a line. */
export function lifetimeLine({ record, to }: LifetimeChange): string {
  return `${record.type} record of ${record.name}: TTL ${ttlText(record.ttlSeconds)} → ${ttlText(to.ttlSeconds)}`;
}

/** A lifetime in words. */
function ttlText(seconds: number | null | undefined): string {
  return typeof seconds === "number" ? `${seconds} s` : "automatic";
}

/** A public name as it is now, as lines. */
export function nameLines({ publicName, holder, records, project, serves }: NameStatus): string[] {
  const servedBy =
    project === null ? "by no Vercel project that the token sees" : `by Vercel project ${visible(project)}`;
  const whose = serves === "unknown" ? "" : ` of ${serves}`;
  return [
    `${publicName}: held by ${holder}, served ${servedBy}${whose}.`,
    ...records.map(
      ({ type, content, proxied, ttlSeconds, loweredUntil }) =>
        `  ${type} ${visible(content)}, ${proxied ? "proxied" : `TTL ${ttlText(ttlSeconds)}`}` +
        (loweredUntil === null ? "" : `, lowered; resolvers may keep the old one until ${loweredUntil}`),
    ),
    ...(records.length === 0 ? ["  no record"] : []),
  ];
}
