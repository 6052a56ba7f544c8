import { createHash } from "node:crypto";

import { messageOf } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { ProjectContent, StoragePlace } from "../../services/databaseHost/projectContent.ts";
import { unlessRefused } from "../../services/http/contentRequest.ts";
import type { Session } from "../postgres/session/database.ts";
import type { BackupFile } from "../vault/manifest.ts";
import { readPart } from "../vault/readPart.ts";
import type { FileFrom } from "./projectPlan.ts";
import { type Restored, restoreEach } from "./restoreEach.ts";
import { forgetStorageRows, openStorageRows, putStorageRowsBack } from "./storageRows.ts";

/** Where the objects are stored. */
export interface RestoreStorageOptions {
  project: ProjectContent;
  /** A session of the restored database, whose rows name the objects. */
  session: Session;
  /** Whether objects that the app has stored or deleted since the database was restored are kept as they are. */
  keepsNewer: boolean;
  /** The largest size of an object in the project that was backed up, in bytes. 0 if unknown. */
  sizeLimit: number;
  reporter: Reporter;
  signal: AbortSignal;
}

/** An object takes three requests one after the other, most of whose time is waiting. */
const WRITERS = 6;

/**
 * Restores storage objects into a project whose database is restored, reads each back, and compares its SHA-256. Can be run again: equal
 * content is not written again. A failure affects only its object. If the service itself fails (serviceFailures.ts), the other objects are
 * skipped.
 *
 * @throws UserError if the vault can't be reached
 */
export async function restoreStorage(options: RestoreStorageOptions, objects: readonly FileFrom[]): Promise<Restored> {
  if (objects.length === 0) return { newer: [], failed: new Map() };
  const { session, signal } = options;
  await openStorageRows(session);
  const cacheControls = await readCacheControls(session);
  const sent = new Set<string>();
  const restore = (one: FileFrom, inner: AbortSignal) =>
    restoreObject({ ...options, signal: inner }, one, cacheControls.get(one.file.name), sent);
  let restored: Restored;
  try {
    await makeRoom(options, objects);
    restored = await restoreEach(objects, WRITERS, restore, signal);
  } finally {
    // Also after a failure, for the objects that are stored. After an abort there is no session, and the next run does it.
    if (!signal.aborted) await putStorageRowsBack(session);
  }
  // Only at the end: an interrupted upload may still reach the service. A later run retries the failures, and keeps what the app has stored
  // until then.
  await forgetStorageRows(session);
  return restored;
}

/** Raises the project's size limit if objects need it. An upload shows what the plan does not allow. */
async function makeRoom(
  { project, sizeLimit, reporter, signal }: RestoreStorageOptions,
  objects: readonly FileFrom[],
): Promise<void> {
  const wanted = objects.reduce((most, { file }) => Math.max(most, file.contentBytes), sizeLimit);
  try {
    if (wanted <= (await project.sizeLimit(signal))) return;
    await unlessRefused(() => project.setSizeLimit(wanted, signal));
  } catch (error) {
    signal.throwIfAborted();
    reporter(`The limit of an object's size stays as it is: ${messageOf(error)}`);
  }
}

/**
 * Restores one object. False if the app's own version is kept.
 *
 * @param cacheControl null for an object without any, undefined if it has no row
 * @param sent names of the objects that this run has sent, which are not the app's
 */
async function restoreObject(
  { project, keepsNewer, signal }: RestoreStorageOptions,
  { file, source }: FileFrom,
  cacheControl: string | null | undefined,
  sent: Set<string>,
): Promise<boolean> {
  const place = placeOf(file);
  const there = await hashOfObject(project, place, signal);
  if (there === file.contentSha256) return true;
  if (keepsNewer && !sent.has(file.name) && (there !== undefined || cacheControl === undefined)) return false;
  sent.add(file.name);
  const open = () => readPart(source, file, signal);
  const content = { open, contentType: file.contentType, cacheControl: cacheControl ?? undefined };
  await project.putObject(place, content, signal);
  if ((await hashOfObject(project, place, signal)) === file.contentSha256) return true;
  throw new Error(`it is not what backup ${source.manifest.backupId} holds`);
}

/** Splits "bucket/path". A bucket's name has no slash. */
function placeOf({ name }: BackupFile): StoragePlace {
  const slash = name.indexOf("/");
  return { bucket: name.slice(0, slash), name: name.slice(slash + 1) };
}

async function hashOfObject(
  project: ProjectContent,
  place: StoragePlace,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await project.getObject(place, signal);
  if (found === undefined) return undefined;
  const hash = createHash("sha256");
  for await (const chunk of found.body as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

/** How long clients may cache each object, by "bucket/path". The restored rows still say so, but an upload overwrites it. */
async function readCacheControls(session: Session): Promise<Map<string, string | null>> {
  const rows = await session.query<{ name: string; cacheControl: string | null }>(
    `select bucket_id || '/' || name as name, nullif(metadata ->> 'cacheControl', '') as "cacheControl" from storage.objects`,
  );
  return new Map(rows.map(({ name, cacheControl }) => [name, cacheControl]));
}
