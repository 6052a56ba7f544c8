import { z } from "zod";

import type { AwsContext } from "./context.ts";

/** Input `tags`. */
export const tagsInput = z.record(z.string(), z.string()).optional();
type Tags = Record<string, string>;

/** A tag in most services' form. KMS has TagKey and TagValue. */
export interface Tag {
  Key: string;
  Value: string;
}

/** All tags of a resource: the provider's default tags, overridden by its own. */
export function allTags(context: AwsContext, tags: Tags | undefined): Tags {
  return { ...context.defaultTags, ...tags };
}

/** Tags as a list. */
export function tagList(tags: Tags): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Tags from a list. */
export function tagMap(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Tags {
  return Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? "", Value ?? ""]));
}

/** The tags that an update adds or changes, and the keys that it removes. */
export function tagChanges(olds: Tags, news: Tags): { set: Tags; removed: string[] } {
  const set = Object.entries(news).filter(([key, value]) => olds[key] !== value);
  return { set: Object.fromEntries(set), removed: Object.keys(olds).filter((key) => !(key in news)) };
}

/** The input `tags` that would declare the existing tags; undefined if there are only default tags. */
export function ownTags(context: AwsContext, actual: Tags, last: Tags | undefined): Tags | undefined {
  const own = Object.entries(actual).filter(
    ([key, value]) => key in (last ?? {}) || context.defaultTags[key] !== value,
  );
  return own.length > 0 || last !== undefined ? Object.fromEntries(own) : undefined;
}
