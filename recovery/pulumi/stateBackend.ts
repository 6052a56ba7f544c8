import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";

import { type StateBucket, stateBucketOf } from "../../settings/stateBackendUrl.ts";

/** The files that Pulumi's own (DIY) backend keeps, by their path within it. Reads only. */
export interface StateBackend {
  /** Paths that begin so, within one folder. Empty if the folder is missing. */
  list(prefix: string): Promise<string[]>;
  /** A file's content. An error if there is no such file. */
  read(path: string): Promise<Buffer>;
}

/** Works with a `file://` or `s3://` backend; undefined for any other. Credentials come from the environment. */
export async function withStateBackend<T>(
  backendUrl: string,
  work: (backend: StateBackend) => Promise<T>,
): Promise<T | undefined> {
  if (backendUrl.startsWith("file://")) return await work(folderBackend(folderOfBackend(backendUrl)));
  const bucket = stateBucketOf(backendUrl);
  if (bucket === undefined) return undefined;
  const client = new S3Client({
    ...(bucket.region !== undefined && { region: bucket.region }),
    ...(bucket.endpoint !== undefined && { endpoint: bucket.endpoint, forcePathStyle: true }),
  });
  try {
    return await work(bucketBackend(client, bucket));
  } finally {
    client.destroy();
  }
}

/** The folder of a `file://` backend. */
export function folderOfBackend(backendUrl: string): string {
  return backendUrl.startsWith("file:///")
    ? fileURLToPath(backendUrl.replace(/\?.*$/, ""))
    : backendUrl.slice("file://".length);
}

function folderBackend(root: string): StateBackend {
  return {
    async list(prefix) {
      const [folder, begin] = prefix.endsWith("/") ? [prefix, ""] : [dirname(prefix), basename(prefix)];
      try {
        const names = await readdir(join(root, folder));
        return names.filter((name) => name.startsWith(begin)).map((name) => join(folder, name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
        throw error;
      }
    },
    read: (path) => readFile(join(root, path)),
  };
}

function bucketBackend(client: S3Client, { bucket: Bucket, prefix: root }: StateBucket): StateBackend {
  return {
    async list(prefix) {
      const listed = await client.send(new ListObjectsV2Command({ Bucket, Prefix: root + prefix }));
      return (listed.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key.slice(root.length)]));
    },
    async read(path) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: root + path }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
  };
}
