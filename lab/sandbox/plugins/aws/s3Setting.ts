import type { S3 } from "@aws-sdk/client-s3";
import type { z } from "zod";

import type { Properties, ResourceHandler } from "../../../../provider/host/index.ts";
import type { AwsContext } from "./context.ts";
import { orGone } from "./explain.ts";
import { awsRow } from "./row.ts";

/** One of a bucket's settings, which S3 stores as a whole: written, read and deleted in one call each. */
export interface S3Setting<I extends { bucket: string }> {
  label: string;
  inputs: z.ZodType<I>;
  put(s3: S3, inputs: I): Promise<unknown>;
  /** The inputs that would declare the existing setting; undefined if it isn't set. */
  get(s3: S3, bucket: string, last: I | undefined): Promise<Omit<I, "bucket"> | undefined>;
  erase(s3: S3, inputs: I): Promise<unknown>;
  /** The service's names for "not set". */
  missing: readonly string[];
}

/** A row for one of a bucket's settings. Its id is the bucket's name, and another bucket is another resource. */
export function s3Setting<I extends { bucket: string }>(
  setting: S3Setting<I>,
): ResourceHandler<AwsContext, Properties, Properties> {
  const outputs = ({ region }: AwsContext) => ({ region });
  return awsRow<I, { region: string }>(setting.label, {
    inputs: setting.inputs,
    replaceOn: ["bucket"],
    async create(context, inputs) {
      await setting.put(context.s3, inputs);
      return { id: inputs.bucket, outputs: outputs(context) };
    },
    async read(context, id, last) {
      const found = await orGone(setting.get(context.s3, id, last?.inputs), setting.missing);
      if (found === undefined) return undefined;
      // `get` returns every input but the bucket.
      const inputs = { bucket: id, ...found } as I;
      return { id, inputs, outputs: outputs(context) };
    },
    async update(context, _id, _olds, news) {
      await setting.put(context.s3, news);
      return outputs(context);
    },
    async delete(context, _id, olds) {
      await orGone(setting.erase(context.s3, olds.inputs), setting.missing);
    },
  });
}
