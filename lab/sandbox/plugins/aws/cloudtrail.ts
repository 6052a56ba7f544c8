import { z } from "zod";

import { listFromSdk, toSdk } from "./casing.ts";
import type { AwsContext } from "./context.ts";
import { orGone, orUndo } from "./explain.ts";
import { awsRow } from "./row.ts";
import {
  allTags,
  ownTags,
  type Tag,
  tagChanges,
  type TaggedOutputs,
  taggedOutputs,
  tagList,
  tagMap,
  tagsInput,
} from "./tags.ts";

const patterns = z.array(z.string().min(1)).min(1).optional();
const selectorInputs = z.strictObject({
  name: z.string().optional(),
  fieldSelectors: z
    .array(z.strictObject({ field: z.string().min(1), equals: patterns, startsWiths: patterns, notEquals: patterns }))
    .min(1),
});
const inputs = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][\w.-]{2,127}$/, "A trail's name has 3 to 128 letters, digits and ._-"),
  s3BucketName: z.string().min(3),
  enableLogFileValidation: z.boolean().optional(),
  includeGlobalServiceEvents: z.boolean().optional(),
  enableLogging: z.boolean().optional(),
  advancedEventSelectors: z.array(selectorInputs).min(1).optional(),
  tags: tagsInput,
});
type Inputs = z.infer<typeof inputs>;
type Outputs = TaggedOutputs & { homeRegion: string };

/** A trail in the service's form. */
interface Trail {
  Name: string;
  TrailARN: string;
  S3BucketName: string;
  HomeRegion?: string;
  LogFileValidationEnabled?: boolean;
  IncludeGlobalServiceEvents?: boolean;
}

const MISSING = ["TrailNotFoundException"];

/** aws:cloudtrail/trail:Trail; its id is its ARN. The sandbox's CloudTrail stores trails and delivers no logs. */
export const trail = awsRow<Inputs, Outputs>("CloudTrail Trail", {
  inputs,
  autoName: { property: "name" },
  replaceOn: ["name"],
  async create(context, given) {
    const { cloudtrail } = context;
    const TagsList = tagList(allTags(context, given.tags));
    const made = await cloudtrail.call<Trail>("CreateTrail", { Name: given.name, ...settingsOf(given), TagsList });
    const arn = made.TrailARN;
    await orUndo(
      async () => {
        // The sandbox's CloudTrail accepts no tags with a new trail.
        if (TagsList.length > 0) await cloudtrail.call("AddTags", { ResourceId: arn, TagsList });
        await select(context, arn, given);
        await switchLogging(context, arn, given);
      },
      () => cloudtrail.call("DeleteTrail", { Name: arn }),
    );
    return { id: arn, outputs: outputsOf(context, arn, given) };
  },
  async read(context, id, last) {
    const { cloudtrail } = context;
    const found = (await orGone(cloudtrail.call<{ Trail: Trail }>("GetTrail", { Name: id }), MISSING))?.Trail;
    if (found === undefined) return undefined;
    const before = last?.inputs;
    const { IsLogging } = await cloudtrail.call<{ IsLogging: boolean }>("GetTrailStatus", { Name: id });
    const set = await cloudtrail.call<{ AdvancedEventSelectors?: object[] }>("GetEventSelectors", { TrailName: id });
    const listed = await cloudtrail.call<{ ResourceTagList?: { TagsList?: Tag[] }[] }>("ListTags", {
      ResourceIdList: [id],
    });
    const tags = ownTags(context, tagMap(listed.ResourceTagList?.[0]?.TagsList), before?.tags);
    const asked = (name: keyof Inputs) => before === undefined || name in before;
    const actual: Inputs = {
      name: found.Name,
      s3BucketName: found.S3BucketName,
      ...(asked("enableLogFileValidation") && { enableLogFileValidation: found.LogFileValidationEnabled ?? false }),
      ...(asked("includeGlobalServiceEvents") && {
        includeGlobalServiceEvents: found.IncludeGlobalServiceEvents ?? true,
      }),
      ...((!IsLogging || asked("enableLogging")) && { enableLogging: IsLogging }),
      ...listFromSdk("advancedEventSelectors", set.AdvancedEventSelectors),
      ...(tags !== undefined && { tags }),
    };
    return { id, inputs: actual, outputs: outputsOf(context, id, actual) };
  },
  async update(context, id, { inputs: olds }, news) {
    const { cloudtrail } = context;
    await cloudtrail.call("UpdateTrail", { Name: id, ...settingsOf(news) });
    await select(context, id, news);
    await switchLogging(context, id, news);
    const { set, removed } = tagChanges(context, olds, news);
    const added = tagList(set);
    if (added.length > 0) await cloudtrail.call("AddTags", { ResourceId: id, TagsList: added });
    const TagsList = removed.map((Key) => ({ Key }));
    if (TagsList.length > 0) await cloudtrail.call("RemoveTags", { ResourceId: id, TagsList });
    return outputsOf(context, id, news);
  },
  async delete({ cloudtrail }, id) {
    await orGone(cloudtrail.call("DeleteTrail", { Name: id }), MISSING);
  },
});

function settingsOf(given: Inputs): object {
  return {
    S3BucketName: given.s3BucketName,
    EnableLogFileValidation: given.enableLogFileValidation ?? false,
    IncludeGlobalServiceEvents: given.includeGlobalServiceEvents ?? true,
  };
}

async function select(
  { cloudtrail }: AwsContext,
  TrailName: string,
  { advancedEventSelectors }: Inputs,
): Promise<void> {
  const selectors =
    advancedEventSelectors === undefined
      ? { EventSelectors: [{ ReadWriteType: "All", IncludeManagementEvents: true }] }
      : { AdvancedEventSelectors: toSdk(advancedEventSelectors) };
  await cloudtrail.call("PutEventSelectors", { TrailName, ...selectors });
}

async function switchLogging(
  { cloudtrail }: AwsContext,
  Name: string,
  { enableLogging = true }: Inputs,
): Promise<void> {
  await cloudtrail.call(enableLogging ? "StartLogging" : "StopLogging", { Name });
}

function outputsOf(context: AwsContext, arn: string, given: Inputs): Outputs {
  return { ...taggedOutputs(context, arn, given), homeRegion: context.region };
}
