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
export function tagChanges(
  context: AwsContext,
  olds: { tags?: Tags | undefined },
  news: { tags?: Tags | undefined },
): { set: Tags; removed: string[] } {
  const [before, after] = [allTags(context, olds.tags), allTags(context, news.tags)];
  const set = Object.entries(after).filter(([key, value]) => before[key] !== value);
  return { set: Object.fromEntries(set), removed: Object.keys(before).filter((key) => !(key in after)) };
}

/** The outputs of every resource with an ARN and tags. */
export interface TaggedOutputs {
  arn: string;
  region: string;
  tagsAll: Tags;
}

/** These outputs of a resource with its own tags. */
export function taggedOutputs(context: AwsContext, arn: string, { tags }: { tags?: Tags | undefined }): TaggedOutputs {
  return { arn, region: context.region, tagsAll: allTags(context, tags) };
}

/** The input `tags` that would declare the existing tags; undefined if there are only default tags. */
export function ownTags(context: AwsContext, actual: Tags, last: Tags | undefined): Tags | undefined {
  const own = Object.entries(actual).filter(
    ([key, value]) => key in (last ?? {}) || context.defaultTags[key] !== value,
  );
  return own.length > 0 || last !== undefined ? Object.fromEntries(own) : undefined;
}
