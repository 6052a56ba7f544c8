import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { z } from "zod";
import { UserError } from "./errors.ts";

/** Who holds the lock of a stack: what Pulumi's own backends write (pkg/backend/diy/lock.go). */
export interface UpdateLock {
  pid: number;
  hostname: string;
  username: string;
  /** When it was taken, UTC. */
  timestamp: Date;
}

const lockContent = z.object({
  pid: z.number().int(),
  hostname: z.string(),
  username: z.string(),
  timestamp: z.coerce.date(),
});

/**
 * The locks of a stack in a `file://` or `s3://` backend.
 *
 * @throws UserError for any other backend: Pulumi Cloud and others tell by themselves who holds an update
 */
export async function readUpdateLocks(backendUrl: string, project: string, stack: string): Promise<UpdateLock[]> {
  const folder = `.pulumi/locks/organization/${project}/${stack}`;
  if (backendUrl.startsWith("file://")) return readFolder(join(folderOfBackend(backendUrl), folder));
  if (backendUrl.startsWith("s3://")) return readBucket(new URL(backendUrl), folder);
  throw new UserError(
    `The backend ${backendUrl} is not one whose locks can be read here: resume knows file:// and s3:// (PULUMI_BACKEND_URL).`,
  );
}

/** The folder of a `file://` backend. */
export function folderOfBackend(backendUrl: string): string {
  return backendUrl.startsWith("file:///")
    ? fileURLToPath(backendUrl.replace(/\?.*$/, ""))
    : backendUrl.slice("file://".length);
}

async function readFolder(folder: string): Promise<UpdateLock[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  const files = names.filter((name) => name.endsWith(".json"));
  return Promise.all(files.map(async (name) => parseLock(await readFile(join(folder, name), "utf8"))));
}

async function readBucket(url: URL, folder: string): Promise<UpdateLock[]> {
  const region = url.searchParams.get("region");
  const endpoint = url.searchParams.get("endpoint");
  const client = new S3Client({
    ...(region === null ? {} : { region }),
    ...(endpoint === null
      ? {}
      : { endpoint: /^https?:/.test(endpoint) ? endpoint : `https://${endpoint}`, forcePathStyle: true }),
  });
  const prefix = [url.pathname.replace(/^\/|\/$/g, ""), folder].filter((part) => part !== "").join("/");
  try {
    const listed = await client.send(new ListObjectsV2Command({ Bucket: url.hostname, Prefix: `${prefix}/` }));
    const keys = (listed.Contents ?? []).flatMap((one) => (one.Key?.endsWith(".json") ? [one.Key] : []));
    return await Promise.all(
      keys.map(async (Key) => {
        const object = await client.send(new GetObjectCommand({ Bucket: url.hostname, Key }));
        return parseLock((await object.Body?.transformToString()) ?? "");
      }),
    );
  } finally {
    client.destroy();
  }
}

function parseLock(text: string): UpdateLock {
  return lockContent.parse(JSON.parse(text));
}
