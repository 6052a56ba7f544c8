import { z } from "zod";

import type { AwsContext } from "./context.ts";

/** Input `tags`. */
export const tagsInput = z.record(z.string(), z.string()).optional();
type Tags = Record<string, string>;

/** A tag as most services have it. KMS says TagKey and TagValue. */
export interface Tag {
  Key: string;
  Value: string;
}

/** Everything that a resource is tagged with: the provider's default tags, below its own. */
export function allTags(context: AwsContext, tags: Tags | undefined): Tags {
  return { ...context.defaultTags, ...tags };
}

/** As a list. */
export function tagList(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** From a list. */
export function tagMap(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Tags {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

/** Which tags an update adds or changes, and which keys it takes away. */
export function tagChanges(olds: Tags, news: Tags): { set: Tags; removed: string[] } {
  const set = Object.entries(news).filter(([key, value]) => olds[key] !== value);
  return { set: Object.fromEntries(set), removed: Object.keys(olds).filter((key) => !(key in news)) };
}

/** Input `tags` as it would have to be written for what exists; undefined where nothing is beyond the default tags. */
export function ownTags(context: AwsContext, actual: Tags, last: Tags | undefined): Tags | undefined {
  const own = Object.entries(actual).filter(
    ([key, value]) => key in (last ?? {}) || context.defaultTags[key] !== value,
  );
  return own.length > 0 || last !== undefined ? Object.fromEntries(own) : undefined;
}
