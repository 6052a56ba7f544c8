import { readFile } from "node:fs/promises";

import type { S3 } from "@aws-sdk/client-s3";
import { z } from "zod";

import { orGone } from "./explain.ts";
import { awsRow } from "./row.ts";

/** A file in the engine's form: its place on this machine, and its SHA-256. */
const assetInput = z.looseObject(
  { hash: z.string().regex(/^[0-9a-f]{64}$/), path: z.string().min(1) },
  "The sandbox only uploads files. Use a FileAsset.",
);
const inputs = z.strictObject({
  bucket: z.string().min(3),
  key: z.string().min(1),
  source: assetInput,
  contentType: z.string().optional(),
});
type Inputs = z.infer<typeof inputs>;
interface Outputs {
  arn: string;
  etag: string;
}

/** Name of the metadata with the hash of the uploaded file. */
const HASH = "source-sha256";

/** aws:s3/bucketObjectv2:BucketObjectv2; its id is `BUCKET/KEY`. The same bytes from another place are not a change. */
export const bucketObject = awsRow<Inputs, Outputs>("S3 Object", {
  inputs,
  diff(_context, { inputs: olds }, news, unknownKeys) {
    const moved = (["bucket", "key"] as const).filter((name) => unknownKeys.has(name) || news[name] !== olds[name]);
    const changed = [
      ...(news.source?.hash !== olds.source.hash ? ["source"] : []),
      ...(news.contentType !== olds.contentType ? ["contentType"] : []),
    ];
    return { replaces: moved, changes: changed };
  },
  async create({ s3 }, given) {
    return { id: `${given.bucket}/${given.key}`, outputs: await upload(s3, given) };
  },
  async read({ s3 }, _id, last) {
    if (last === undefined) throw new Error("The sandbox can't import objects.");
    const { bucket, key, source, contentType } = last.inputs;
    const found = await orGone(s3.headObject({ Bucket: bucket, Key: key }), ["NoSuchKey"]);
    if (found === undefined) return undefined;
    const actual: Inputs = {
      bucket,
      key,
      source: { ...source, hash: found.Metadata?.[HASH] ?? "" },
      ...(contentType !== undefined && { contentType: found.ContentType }),
    };
    return { id: `${bucket}/${key}`, inputs: actual, outputs: outputsOf(actual, found.ETag ?? "") };
  },
  update: ({ s3 }, _id, _olds, news) => upload(s3, news),
  async delete({ s3 }, _id, { inputs: { bucket, key } }) {
    await orGone(s3.deleteObject({ Bucket: bucket, Key: key }));
  },
});

async function upload(s3: S3, given: Inputs): Promise<Outputs> {
  const { bucket: Bucket, key: Key, source, contentType: ContentType } = given;
  const Metadata = { [HASH]: source.hash };
  const { ETag = "" } = await s3.putObject({ Bucket, Key, Body: await readFile(source.path), Metadata, ContentType });
  return outputsOf(given, ETag);
}

function outputsOf({ bucket, key }: Inputs, etag: string): Outputs {
  return { arn: `arn:aws:s3:::${bucket}/${key}`, etag };
}
