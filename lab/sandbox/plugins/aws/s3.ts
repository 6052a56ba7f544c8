import type { BucketLocationConstraint } from "@aws-sdk/client-s3";
import { z } from "zod";

import type { AwsContext } from "./context.ts";
import { orGone, orUndo } from "./explain.ts";
import { awsRow } from "./row.ts";
import { allTags, ownTags, tagList, tagMap, tagsInput } from "./tags.ts";

const inputs = z.strictObject({
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "A bucket's name has 3 to 63 small letters, digits, dots and dashes."),
  objectLockEnabled: z.boolean().optional(),
  forceDestroy: z
    .literal(false, "The sandbox doesn't empty buckets. Remove forceDestroy, or set it to false.")
    .optional(),
  tags: tagsInput,
});
type Inputs = z.infer<typeof inputs>;

/** aws:s3/bucket:Bucket */
export const bucket = awsRow("S3 Bucket", {
  inputs,
  autoName: { property: "bucket" },
  replaceOn: ["bucket", "objectLockEnabled"],
  async create(context, given: Inputs, abortSignal) {
    const { bucket: name, objectLockEnabled } = given;
    const { s3, region } = context;
    // In us-east-1 S3 accepts a second creation by the same owner; the official provider refuses it everywhere.
    if (await exists(context, name, abortSignal)) {
      throw Object.assign(
        new Error("Your previous request to create the named bucket succeeded and you already own it."),
        {
          name: "BucketAlreadyOwnedByYou",
        },
      );
    }
    await s3.createBucket({
      Bucket: name,
      ...(objectLockEnabled === true && { ObjectLockEnabledForBucket: true }),
      ...(region !== "us-east-1" && {
        CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint },
      }),
    });
    await orUndo(
      () => tag(context, given),
      () => s3.deleteBucket({ Bucket: name }),
    );
    return { id: name, outputs: outputsOf(context, given) };
  },
  async read(context, id, last, abortSignal) {
    if (!(await exists(context, id, abortSignal))) return undefined;
    const { s3 } = context;
    const tagging = await orGone(s3.getBucketTagging({ Bucket: id }), ["NoSuchTagSet"]);
    const lock = await orGone(s3.getObjectLockConfiguration({ Bucket: id }), ["ObjectLockConfigurationNotFoundError"]);
    const locked = lock?.ObjectLockConfiguration?.ObjectLockEnabled === "Enabled";
    const tags = ownTags(context, tagMap(tagging?.TagSet), last?.inputs.tags);
    const actual: Inputs = {
      bucket: id,
      ...((locked || last?.inputs.objectLockEnabled !== undefined) && { objectLockEnabled: locked }),
      ...(last?.inputs.forceDestroy !== undefined && { forceDestroy: last.inputs.forceDestroy }),
      ...(tags !== undefined && { tags }),
    };
    return { id, inputs: actual, outputs: outputsOf(context, actual) };
  },
  async update(context, id, _olds, news) {
    await tag(context, news);
    return outputsOf(context, news);
  },
  async delete({ s3 }, id) {
    await orGone(s3.deleteBucket({ Bucket: id }));
  },
});

async function exists({ s3 }: AwsContext, name: string, abortSignal: AbortSignal): Promise<boolean> {
  return (await orGone(s3.headBucket({ Bucket: name }, { abortSignal }))) !== undefined;
}

async function tag(context: AwsContext, { bucket: name, tags }: Inputs): Promise<void> {
  const TagSet = tagList(allTags(context, tags));
  await (TagSet.length > 0
    ? context.s3.putBucketTagging({ Bucket: name, Tagging: { TagSet } })
    : context.s3.deleteBucketTagging({ Bucket: name }));
}

function outputsOf(context: AwsContext, { bucket: name, tags, objectLockEnabled }: Inputs) {
  const { region } = context;
  return {
    arn: `arn:aws:s3:::${name}`,
    bucketDomainName: `${name}.s3.amazonaws.com`,
    bucketRegionalDomainName: `${name}.s3.${region}.amazonaws.com`,
    bucketRegion: region,
    region,
    objectLockEnabled: objectLockEnabled ?? false,
    tagsAll: allTags(context, tags),
  };
}
