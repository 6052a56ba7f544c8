import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

import { z } from "zod";

import { withTemporaryFolder } from "../common/temporaryFolder.ts";
import { sendContent } from "../http/contentRequest.ts";
import { type GitCredential, GitError, type LfsObject } from "./git.ts";

const SERVICE = "Git LFS";
const JSON_TYPE = "application/vnd.git-lfs+json";
/** Objects in one question; servers may refuse more. */
const BATCH = 100;
/** Objects that a message names. */
const SHOWN = 5;

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
 * Copies the objects that the second repository lacks from the first, each checked against its hash. The batch API and the basic transfer: every
 * server has them, and an upload to a store like S3 states its length. Source: https://github.com/git-lfs/git-lfs, docs/api/batch.md and
 * docs/api/basic-transfers.md.
 *
 * @returns how many were missing
 * @throws GitError that names the objects which the source does not have; nothing of their batch has been copied then
 */
export async function copyLfsObjects(
  objects: readonly LfsObject[],
  source: LfsPlace,
  mirror: LfsPlace,
  signal: AbortSignal,
): Promise<number> {
  let copied = 0;
  for (let at = 0; at < objects.length; at += BATCH) {
    const some = objects.slice(at, at + BATCH);
    const wanted = (await batch("upload", mirror, some, signal)).filter(({ actions }) => actions?.upload !== undefined);
    const missing = some.filter(({ oid }) => wanted.some((one) => one.oid === oid));
    if (missing.length === 0) continue;
    const offered = new Map((await batch("download", source, missing, signal)).map((one) => [one.oid, one]));
    refuseAbsent(
      missing.filter(({ oid }) => offered.get(oid)?.actions?.download === undefined),
      source.url,
    );
    for (const object of missing) {
      const from = offered.get(object.oid)?.actions?.download;
      const to = wanted.find(({ oid }) => oid === object.oid)?.actions;
      if (from !== undefined && to?.upload !== undefined) await copyOne(object, from, to.upload, to.verify, signal);
      copied += 1;
    }
  }
  return copied;
}

function refuseAbsent(absent: readonly LfsObject[], url: string): void {
  if (absent.length === 0) return;
  const named = absent.slice(0, SHOWN).map(({ path, oid }) => `${path} (${oid})`);
  const more = absent.length > SHOWN ? ` and ${absent.length - SHOWN} more` : "";
  throw new GitError(
    `${url} lacks ${absent.length} of its files in Git LFS: ${named.join(", ")}${more}. GitHub refuses a push with such files (GH008), so nothing was pushed. In a clone that has them run \`git lfs push --all origin\`, then mirror again.`,
  );
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

/** By way of a file: the store wants the length before the content, and gets only what has been checked. */
async function copyOne(
  { oid, size, path }: LfsObject,
  from: Action,
  to: Action,
  verify: Action | undefined,
  signal: AbortSignal,
): Promise<void> {
  await withTemporaryFolder("lfs", async (folder) => {
    const file = join(folder, oid);
    const answer = await sendContent({ service: SERVICE, method: "GET", url: from.href, headers: from.header, signal });
    const hash = createHash("sha256");
    const counted = new Transform({
      transform(piece: Buffer, _, done) {
        hash.update(piece);
        done(null, piece);
      },
    });
    await pipeline(Readable.fromWeb(answer.body ?? new ReadableStream()), counted, createWriteStream(file), { signal });
    if (hash.digest("hex") !== oid)
      throw new GitError(`The content of ${path} in Git LFS is not what its pointer says (${oid}). Mirror again.`);
    await (
      await sendContent({
        service: SERVICE,
        method: "PUT",
        url: to.href,
        headers: { "content-type": "application/octet-stream", ...to.header, "content-length": String(size) },
        open: () => Promise.resolve(createReadStream(file)),
        signal,
      })
    ).body?.cancel();
    await rm(file);
  });
  if (verify === undefined) return;
  const body = Buffer.from(JSON.stringify({ oid, size }));
  const headers = { accept: JSON_TYPE, "content-type": JSON_TYPE, ...verify.header };
  const open = () => Promise.resolve(Readable.from([body]));
  const request = {
    service: SERVICE,
    method: "POST" as const,
    url: verify.href,
    headers,
    open,
    repeatable: true,
    signal,
  };
  await (await sendContent(request)).body?.cancel();
}
