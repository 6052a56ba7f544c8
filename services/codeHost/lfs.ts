import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

import { withTemporaryFolder } from "../common/temporaryFolder.ts";
import { GitError } from "./git.ts";
import type { LfsObject } from "./gitObjects.ts";
import type { LfsStore } from "./lfsStore.ts";

/** Objects in one question; servers may refuse more. */
const BATCH = 100;
/** Objects that a message names. */
const SHOWN = 5;

/**
 * Copies the objects that the second repository lacks from the first, each checked against its hash.
 *
 * @returns how many were missing
 * @throws GitError that names the objects which the source does not have; nothing of their batch has been copied then
 */
export async function copyLfsObjects(
  objects: readonly LfsObject[],
  source: LfsStore,
  mirror: LfsStore,
  signal: AbortSignal,
): Promise<number> {
  let copied = 0;
  for (let at = 0; at < objects.length; at += BATCH) {
    const some = objects.slice(at, at + BATCH);
    const takers = await mirror.takers(some, signal);
    const missing = some.filter(({ oid }) => takers.has(oid));
    if (missing.length === 0) continue;
    const givers = await source.givers(missing, signal);
    refuseAbsent(
      missing.filter(({ oid }) => !givers.has(oid)),
      source.place,
    );
    for (const object of missing) {
      const [give, take] = [givers.get(object.oid), takers.get(object.oid)];
      if (give !== undefined && take !== undefined) await copyOne(object, give, take, signal);
      copied += 1;
    }
  }
  return copied;
}

function refuseAbsent(absent: readonly LfsObject[], place: string): void {
  if (absent.length === 0) return;
  const named = absent.slice(0, SHOWN).map(({ path, oid }) => `${path} (${oid})`);
  const more = absent.length > SHOWN ? ` and ${absent.length - SHOWN} more` : "";
  throw new GitError(
    `${place} lacks ${absent.length} of its files in Git LFS: ${named.join(", ")}${more}. GitHub refuses a push with such files (GH008), so nothing was pushed. In a clone that has them run \`git lfs push --all origin\`, then mirror again.`,
  );
}

/** By way of a file: a store wants the length before the content, and gets only what has been checked. */
async function copyOne(
  { oid, path }: LfsObject,
  give: () => Promise<Readable>,
  take: (file: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await withTemporaryFolder("lfs", async (folder) => {
    const file = join(folder, oid);
    const hash = createHash("sha256");
    const counted = new Transform({
      transform(piece: Buffer, _, done) {
        hash.update(piece);
        done(null, piece);
      },
    });
    await pipeline(await give(), counted, createWriteStream(file), { signal });
    if (hash.digest("hex") !== oid)
      throw new GitError(`The content of ${path} in Git LFS is not what its pointer says (${oid}). Mirror again.`);
    await take(file);
    await rm(file);
  });
}
