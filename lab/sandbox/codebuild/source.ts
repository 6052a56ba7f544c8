import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";

import { S3 } from "@aws-sdk/client-s3";

import type { BuildOrder } from "./order.ts";

/** Fetches a build's source, a folder of a bucket, with the build's own role. */
export async function downloadSource(order: BuildOrder, folder: string): Promise<void> {
  const { region, endpoint, credentials } = order;
  const { location } = order.project.source;
  const s3 = new S3({ region, endpoint, credentials, forcePathStyle: true });
  const [Bucket = "", ...rest] = location.split("/");
  const Prefix = rest.join("/");
  const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix });
  if (Contents.length === 0) throw new Error(`there is nothing at ${location}`);
  for (const { Key = "" } of Contents) {
    const path = normalize(join(folder, Key.slice(Prefix.length)));
    if (!path.startsWith(folder)) throw new Error(`${Key} would lie outside of the build's folder`);
    const { Body } = await s3.getObject({ Bucket, Key });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, (await Body?.transformToByteArray()) ?? new Uint8Array());
  }
}
