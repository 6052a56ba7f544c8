import { z } from "zod";

import type { AwsContext } from "./context.ts";
import { orGone } from "./explain.ts";
import { awsRow } from "./row.ts";
import { allTags, ownTags, tagChanges, type TaggedOutputs, taggedOutputs, tagsInput } from "./tags.ts";

const inputs = z.strictObject({
  name: z.string().regex(/^[\w-]{1,80}$/, "A queue's name has at most 80 letters, digits, - and _"),
  messageRetentionSeconds: z.number().int().min(60).max(1_209_600).optional(),
  sqsManagedSseEnabled: z.boolean().optional(),
  tags: tagsInput,
});
type Inputs = z.infer<typeof inputs>;
type Outputs = TaggedOutputs & { url: string };

const MISSING = ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"];

/** aws:sqs/queue:Queue; its id is its address. */
export const queue = awsRow<Inputs, Outputs>("SQS Queue", {
  inputs,
  autoName: { property: "name" },
  replaceOn: ["name"],
  async create(context, given) {
    const { QueueUrl = "" } = await context.sqs.createQueue({
      QueueName: given.name,
      Attributes: attributesOf(given),
      tags: allTags(context, given.tags),
    });
    return { id: QueueUrl, outputs: await outputsOf(context, QueueUrl, given) };
  },
  async read(context, id, last) {
    const attributes = await orGone(attributesAt(context, id), MISSING);
    if (attributes === undefined) return undefined;
    const before = last?.inputs;
    const listed = await context.sqs.listQueueTags({ QueueUrl: id });
    const tags = ownTags(context, listed.Tags ?? {}, before?.tags);
    const actual: Inputs = {
      name: id.slice(id.lastIndexOf("/") + 1),
      ...(before?.messageRetentionSeconds !== undefined && {
        messageRetentionSeconds: Number(attributes["MessageRetentionPeriod"]),
      }),
      ...(before?.sqsManagedSseEnabled !== undefined && {
        sqsManagedSseEnabled: attributes["SqsManagedSseEnabled"] !== "false",
      }),
      ...(tags !== undefined && { tags }),
    };
    return { id, inputs: actual, outputs: await outputsOf(context, id, actual) };
  },
  async update(context, id, { inputs: olds }, news) {
    await context.sqs.setQueueAttributes({ QueueUrl: id, Attributes: attributesOf(news) });
    const { set, removed } = tagChanges(context, olds, news);
    if (Object.keys(set).length > 0) await context.sqs.tagQueue({ QueueUrl: id, Tags: set });
    if (removed.length > 0) await context.sqs.untagQueue({ QueueUrl: id, TagKeys: removed });
    return outputsOf(context, id, news);
  },
  async delete({ sqs }, id) {
    await orGone(sqs.deleteQueue({ QueueUrl: id }), MISSING);
  },
});

function attributesOf({ messageRetentionSeconds, sqsManagedSseEnabled }: Inputs): Record<string, string> {
  return {
    ...(messageRetentionSeconds !== undefined && { MessageRetentionPeriod: String(messageRetentionSeconds) }),
    ...(sqsManagedSseEnabled !== undefined && { SqsManagedSseEnabled: String(sqsManagedSseEnabled) }),
  };
}

async function attributesAt({ sqs }: AwsContext, QueueUrl: string): Promise<Record<string, string>> {
  return (await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })).Attributes ?? {};
}

async function outputsOf(context: AwsContext, url: string, given: Inputs): Promise<Outputs> {
  return { ...taggedOutputs(context, (await attributesAt(context, url))["QueueArn"] ?? "", given), url };
}
