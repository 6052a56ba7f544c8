import { z } from "zod";

import type { AwsContext } from "./context.ts";
import { orGone, orUndo } from "./explain.ts";
import { awsRow } from "./row.ts";
import { allTags, ownTags, tagChanges, type TaggedOutputs, taggedOutputs, tagsInput } from "./tags.ts";

const inputs = z.strictObject({
  name: z.string().regex(/^[\w./#-]{1,512}$/, "A log group's name has letters, digits and _./#-"),
  retentionInDays: z.number().int().min(1).optional(),
  kmsKeyId: z.string().min(1).optional(),
  tags: tagsInput,
});
type Inputs = z.infer<typeof inputs>;
interface LogGroup {
  logGroupName: string;
  /** Without the `:*` for its streams. */
  logGroupArn: string;
  retentionInDays?: number;
  kmsKeyId?: string;
}

/** aws:cloudwatch/logGroup:LogGroup; its id is its name. The sandbox stores the key's name but doesn't encrypt with it. */
export const logGroup = awsRow<Inputs, TaggedOutputs>("CloudWatch Logs Log Group", {
  inputs,
  autoName: { property: "name" },
  replaceOn: ["name", "kmsKeyId"],
  async create(context, given) {
    const { logs } = context;
    const logGroupName = given.name;
    await logs.call("CreateLogGroup", {
      logGroupName,
      ...(given.kmsKeyId !== undefined && { kmsKeyId: given.kmsKeyId }),
      tags: allTags(context, given.tags),
    });
    await orUndo(
      () => keepFor(context, given),
      () => logs.call("DeleteLogGroup", { logGroupName }),
    );
    return { id: logGroupName, outputs: await outputsOf(context, given) };
  },
  async read(context, id, last) {
    const found = await find(context, id);
    if (found === undefined) return undefined;
    const listed = await context.logs.call<{ tags?: Record<string, string> }>("ListTagsForResource", {
      resourceArn: found.logGroupArn,
    });
    const tags = ownTags(context, listed.tags ?? {}, last?.inputs.tags);
    const actual: Inputs = {
      name: id,
      ...(found.retentionInDays !== undefined && { retentionInDays: found.retentionInDays }),
      ...(found.kmsKeyId !== undefined && { kmsKeyId: found.kmsKeyId }),
      ...(tags !== undefined && { tags }),
    };
    return { id, inputs: actual, outputs: await outputsOf(context, actual) };
  },
  async update(context, _id, { inputs: olds, outputs }, news) {
    await keepFor(context, news);
    const { set, removed } = tagChanges(context, olds, news);
    const resourceArn = outputs.arn;
    if (Object.keys(set).length > 0) await context.logs.call("TagResource", { resourceArn, tags: set });
    if (removed.length > 0) await context.logs.call("UntagResource", { resourceArn, tagKeys: removed });
    return outputsOf(context, news);
  },
  async delete({ logs }, id) {
    await orGone(logs.call("DeleteLogGroup", { logGroupName: id }));
  },
});

async function keepFor({ logs }: AwsContext, { name: logGroupName, retentionInDays }: Inputs): Promise<void> {
  await (retentionInDays === undefined
    ? logs.call("DeleteRetentionPolicy", { logGroupName })
    : logs.call("PutRetentionPolicy", { logGroupName, retentionInDays }));
}

async function find({ logs }: AwsContext, name: string): Promise<LogGroup | undefined> {
  const { logGroups } = await logs.call<{ logGroups: LogGroup[] }>("DescribeLogGroups", { logGroupNamePrefix: name });
  return logGroups.find(({ logGroupName }) => logGroupName === name);
}

async function outputsOf(context: AwsContext, given: Inputs): Promise<TaggedOutputs> {
  return taggedOutputs(context, (await find(context, given.name))?.logGroupArn ?? "", given);
}
