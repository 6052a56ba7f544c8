import { createHash } from "node:crypto";
import type { Readable } from "node:stream";

import { messageOf, UserError } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { ProjectContent, StoragePlace } from "../../services/databaseHost/projectContent.ts";
import { unlessRefused } from "../../services/http/contentRequest.ts";
import { ServiceFailures } from "../../services/http/serviceFailures.ts";
import type { Session } from "../postgres/session/database.ts";
import type { BackupFile } from "../vault/manifest.ts";
import { readPart } from "../vault/readPart.ts";
import type { FileFrom } from "./besidePlan.ts";
import { forgetStorageRows, openStorageRows, putStorageRowsBack } from "./storageRows.ts";

/** Where the objects go. */
export interface RestoreStorageOptions {
  project: ProjectContent;
  /** Of the restored database, whose rows name the objects. */
  session: Session;
  /** Whether what the app has stored or deleted since the database was restored stays as it is. */
  keepsNewer: boolean;
  /** Bytes that an object might have in the project that was backed up; 0 where that is not known. */
  sizeLimit: number;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What became of the objects, by "bucket/path". */
export interface RestoredStorage {
  /** Left, as the app has changed or deleted them since. */
  newer: string[];
  /** What the service did not take, or the vault did not give, with the reason. */
  failed: Map<string, string>;
}

const WRITERS = 3;
/** Each object that failed is tried once more, after all others. */
const ROUNDS = 2;

/**
 * Brings storage objects into a project whose database is restored. Can be run again: what is there with the same content is left alone.
 * Each content is read back and compared by its SHA-256. One that fails costs that object only; the rest is given up once the
 * service itself fails (serviceFailures.ts). UserError where the vault can't be reached.
 */
export async function restoreStorage(
  options: RestoreStorageOptions,
  objects: readonly FileFrom[],
): Promise<RestoredStorage> {
  const restored: RestoredStorage = { newer: [], failed: new Map() };
  if (objects.length === 0) return restored;
  const { session, signal } = options;
  await openStorageRows(session);
  const cacheControls = await readCacheControls(session);
  const sent = new Set<string>();
  try {
    await makeRoom(options, objects);
    let queue = objects;
    for (let round = 1; round <= ROUNDS && queue.length > 0; round += 1) {
      restored.failed.clear();
      await bring(options, queue, cacheControls, sent, restored);
      queue = objects.filter(({ file }) => restored.failed.has(file.name));
    }
  } finally {
    // Also of those that are in already when another fails; after an abort there is no session, and the next run does it.
    if (!signal.aborted) await putStorageRowsBack(session);
  }
  // Not before all are in: an upload that was broken off may still arrive at the service. What failed is tried again by a later run, which
  // leaves what the app has stored until then.
  await forgetStorageRows(session);
  return restored;
}

async function bring(
  options: RestoreStorageOptions,
  objects: readonly FileFrom[],
  cacheControls: ReadonlyMap<string, string | null>,
  sent: Set<string>,
  { newer, failed }: RestoredStorage,
): Promise<void> {
  const failures = new ServiceFailures();
  let isDown: string | undefined;
  const write = async (one: FileFrom, inner: AbortSignal): Promise<void> => {
    const { name } = one.file;
    if (isDown !== undefined) return void failed.set(name, isDown);
    try {
      if (!(await restoreObject({ ...options, signal: inner }, one, cacheControls.get(name), sent))) newer.push(name);
      failures.succeeded();
    } catch (error) {
      inner.throwIfAborted();
      // The vault's own: nothing else can be brought either.
      if (error instanceof UserError) throw error;
      failed.set(name, messageOf(error));
      if (!failures.failed(error)) isDown ??= messageOf(error);
    }
  };
  await pool(objects, WRITERS, write, options.signal);
}

/** A new project takes smaller objects than the old one may have. What its plan doesn't allow is seen at the upload itself. */
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
 * @param cacheControl null for an object without any, undefined for one of which there is no row
 * @param sent the names of what this run has sent: it is not the app's. False where the app's own is left.
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

/** "bucket/path": a bucket's name has no slash. */
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
  return found && (await hashOfStream(found.body));
}

async function hashOfStream(content: Readable): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of content as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest("hex");
}

/**
 * How long each object that has a row may be kept by whoever has fetched it, by "bucket/path": the restored rows still say it, an upload
 * replaces it.
 */
async function readCacheControls(session: Session): Promise<Map<string, string | null>> {
  const rows = await session.query<{ name: string; cacheControl: string | null }>(
    `select bucket_id || '/' || name as name, nullif(metadata ->> 'cacheControl', '') as "cacheControl" from storage.objects`,
  );
  return new Map(rows.map(({ name, cacheControl }) => [name, cacheControl]));
}
