import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

import { z } from "zod";

import { sendContent } from "../http/contentRequest.ts";
import { type GitCredential, GitError } from "./git.ts";
import type { LfsObject } from "./gitObjects.ts";
import type { LfsStore } from "./lfsStore.ts";

const SERVICE = "Git LFS";
const JSON_TYPE = "application/vnd.git-lfs+json";

const action = z.object({ href: z.string(), header: z.record(z.string(), z.string()).default({}) });
type Action = z.infer<typeof action>;
const batchAnswer = z.object({
  objects: z.array(
    z.object({
      oid: z.string(),
      actions: z
        .object({ download: action.optional(), upload: action.optional(), verify: action.optional() })
        .optional(),
      error: z.object({ message: z.string() }).optional(),
    }),
  ),
});
type Answered = z.infer<typeof batchAnswer>["objects"][number];

/** A repository of a server with Git LFS, and the credential for it. */
export interface LfsPlace {
  url: string;
  credential: GitCredential | undefined;
}

/**
 * The files in Git LFS of a server. The batch API and the basic transfer: every server has them, and an upload to a store like S3 states its
 * length. Source: https://github.com/git-lfs/git-lfs, docs/api/batch.md and docs/api/basic-transfers.md.
 */
export function lfsServer(server: LfsPlace): LfsStore {
  return {
    place: server.url,
    takers: async (objects, signal) => {
      const answers = await batch("upload", server, objects, signal);
      return new Map(
        answers.flatMap(({ oid, actions: { upload, verify } = {} }) => {
          const object = objects.find((one) => one.oid === oid);
          if (upload === undefined || object === undefined) return [];
          return [[oid, (file: string) => uploadOne(object, file, { upload, verify }, signal)] as const];
        }),
      );
    },
    givers: async (objects, signal) => {
      const answers = await batch("download", server, objects, signal);
      return new Map(
        answers.flatMap(({ oid, actions: { download } = {} }) =>
          download === undefined ? [] : [[oid, () => downloadOne(download, signal)] as const],
        ),
      );
    },
  };
}

async function batch(
  operation: "upload" | "download",
  { url, credential }: LfsPlace,
  objects: readonly LfsObject[],
  signal: AbortSignal,
): Promise<Answered[]> {
  if (!/^https?:\/\//.test(url))
    throw new GitError(
      `${url} is no server with Git LFS, and the repository has ${objects.length} or more files there, such as ${objects[0]?.path ?? ""}.`,
    );
  const body = { operation, transfers: ["basic"], objects: objects.map(({ oid, size }) => ({ oid, size })) };
  const { token, username = "" } = credential ?? {};
  const basic = Buffer.from(`${username}:${token ?? ""}`).toString("base64");
  const answer = await sendContent({
    service: SERVICE,
    method: "POST",
    url: `${url.replace(/(\.git)?\/?$/, ".git")}/info/lfs/objects/batch`,
    headers: {
      accept: JSON_TYPE,
      "content-type": JSON_TYPE,
      ...(token !== undefined && { authorization: `Basic ${basic}` }),
    },
    open: () => Promise.resolve(Readable.from([Buffer.from(JSON.stringify(body))])),
    repeatable: true,
    signal,
  });
  return batchAnswer.parse(await answer.json()).objects;
}

async function downloadOne({ href, header }: Action, signal: AbortSignal): Promise<Readable> {
  const answer = await sendContent({ service: SERVICE, method: "GET", url: href, headers: header, signal });
  return Readable.fromWeb(answer.body ?? new ReadableStream());
}

async function uploadOne(
  { oid, size }: LfsObject,
  file: string,
  { upload, verify }: { upload: Action; verify: Action | undefined },
  signal: AbortSignal,
): Promise<void> {
  await (
    await sendContent({
      service: SERVICE,
      method: "PUT",
      url: upload.href,
      headers: { "content-type": "application/octet-stream", ...upload.header, "content-length": String(size) },
      open: () => Promise.resolve(createReadStream(file)),
      signal,
    })
  ).body?.cancel();
  if (verify === undefined) return;
  const body = Buffer.from(JSON.stringify({ oid, size }));
  const request = {
    service: SERVICE,
    method: "POST" as const,
    url: verify.href,
    headers: { accept: JSON_TYPE, "content-type": JSON_TYPE, ...verify.header },
    open: () => Promise.resolve(Readable.from([body])),
    repeatable: true,
    signal,
  };
  await (await sendContent(request)).body?.cancel();
}
