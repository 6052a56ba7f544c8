import type { LifecycleRule } from "@aws-sdk/client-s3";

/** Milliseconds of a day. */
export const DAY = 24 * 60 * 60 * 1000;

/** "Objects smaller than 128 KB will not transition by default", unless a rule filters by size itself. */
const SMALLEST_MOVED = 131_072;

/** "S3 adds the number of days to the creation time and rounds the result up to the next day's midnight UTC." */
export function isDue(since: Date, days: number | undefined, midnight: Date): boolean {
  return days !== undefined && upToMidnight(since.getTime() + days * DAY) <= midnight.getTime();
}

/** The midnight (UTC) at or after an instant, in milliseconds since 1970. */
export function upToMidnight(instant: number): number {
  const date = new Date(instant);
  const midnight = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  return midnight === instant ? instant : midnight + DAY;
}

/** The prefix that a rule filters by; "" for all keys. */
export function prefixOf({ Filter, ...rule }: LifecycleRule): string {
  return Filter?.And?.Prefix ?? Filter?.Prefix ?? (rule as { Prefix?: string }).Prefix ?? "";
}

/** Whether a rule applies to an object of that key and size. */
export function meets(rule: LifecycleRule, key: string, size: number): boolean {
  const least = rule.Filter?.And?.ObjectSizeGreaterThan ?? rule.Filter?.ObjectSizeGreaterThan ?? -1;
  const most = rule.Filter?.And?.ObjectSizeLessThan ?? rule.Filter?.ObjectSizeLessThan ?? Number.MAX_SAFE_INTEGER;
  return key.startsWith(prefixOf(rule)) && size > least && size < most;
}

/** Whether an object is large enough to be moved to another class. */
export function isLargeEnough({ Filter }: LifecycleRule, size: number): boolean {
  const bySize = Filter?.And?.ObjectSizeGreaterThan ?? Filter?.ObjectSizeGreaterThan;
  return bySize !== undefined || size >= SMALLEST_MOVED;
}
