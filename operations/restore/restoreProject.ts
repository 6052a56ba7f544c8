import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { plainSettings, secretSettings } from "../../clients/authSettings.ts";
import type { Session } from "../../clients/database.ts";
import { PromiseError } from "../../clients/errors.ts";
import { ServiceError } from "../../clients/http.ts";
import type { Reporter } from "../../clients/reporter.ts";
import type { ProjectContent, StoragePlace } from "../../clients/supabaseContent.ts";
import type { BackupSource } from "../vault/backupSource.ts";
import type { BackupFile, Manifest } from "../vault/manifest.ts";
import { parseProject } from "../vault/projectPart.ts";
import type { ProjectPart } from "../vault/projectPart.ts";
import { readPart } from "../vault/readPart.ts";
import { named } from "./restoreChecks.ts";
import { fetchText } from "./fetchPart.ts";
import { forgetStorageRows, openStorageRows, putStorageRowsBack } from "./storageRows.ts";
import { together } from "../together.ts";

/** Where a project's content goes. */
export interface RestoreProjectOptions extends BackupSource {
  project: ProjectContent;
  /** Of the restored database, whose rows name the objects. */
  session: Session;
  /** Whether what somebody has stored, deployed or deleted stays as it is: the app has used the database since it was restored. */
  keepsNewer?: boolean;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What is in the project now, each compared with the backup. */
export interface RestoredProject {
  storageObjects: number;
  functions: number;
  /** Settings of the auth service that were changed. */
  authSettings: number;
  /** What is not as it was and is no fault of the content, in sentences. */
  notes: string[];
}

const WRITERS = 3;

/** Whether a backup holds anything beside the database. */
export function holdsProject(manifest: Manifest): boolean {
  return manifest.parts.some(({ name }) => name === "project.json");
}

/** What is missing while only the database of such a backup is restored, in a sentence for its notes; none where there is nothing. */
export function noteOfProject(manifest: Manifest): string[] {
  if (!holdsProject(manifest)) return [];
  const count = (wanted: BackupFile["origin"]) => manifest.files.filter(({ origin }) => origin === wanted).length;
  return [
    `Not restored, as they lie beside the database: the bytes of ${count("storage")} storage objects, ${count("function")} edge functions and the auth settings. Put the project's ref into TARGET_SUPABASE_REF and run the same command again.`,
  ];
}

/**
 * Brings storage objects, edge functions and auth settings into a project whose database is restored. Can be run again: what is
 * there with the same content is left alone, and what the app has changed since where the caller says so, each named in a note. Each content is read back and compared by its SHA-256; PromiseError that names
 * what differs. The auth service's settings are changed where the backup holds them.
 */
export async function restoreProject(options: RestoreProjectOptions): Promise<RestoredProject> {
  const { manifest, project, signal, reporter } = options;
  const objects = manifest.files.filter(({ origin }) => origin === "storage");
  const functions = manifest.files.filter(({ origin }) => origin === "function");
  reporter(`Bringing back ${objects.length} storage objects and ${functions.length} edge functions`);
  const part = parseProject(await fetchText(options, "project.json", signal));
  const queue = [...objects];
  const newer: string[] = [];
  if (objects.length > 0) {
    await makeRoom(options, part, objects);
    await openStorageRows(options.session);
  }
  const cacheControls = objects.length === 0 ? new Map<string, null>() : await readCacheControls(options.session);
  const write = async (inner: AbortSignal): Promise<undefined> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift())
      if (!(await restoreObject({ ...options, signal: inner }, file, cacheControls.get(file.name))))
        newer.push(`the object ${file.name}`);
    return undefined;
  };
  try {
    await together<undefined[]>(signal, ...Array.from({ length: WRITERS }, () => write));
  } finally {
    // Also of those that are in already when another fails; after an abort there is no session, and the next run does it.
    if (objects.length > 0 && !signal.aborted) await putStorageRowsBack(options.session);
  }
  // Not before all are in: an upload that was broken off may still arrive at the service.
  if (objects.length > 0) await forgetStorageRows(options.session);
  for (const file of functions) {
    const wanted = part.functions.find(({ slug }) => slug === file.name);
    if (wanted === undefined) throw new PromiseError(`project.json does not describe the edge function ${file.name}`);
    const there = (await project.functions(signal)).find(({ slug }) => slug === file.name);
    const isSame = isDeepStrictEqual(there, wanted);
    if (isSame && hashOf(await project.functionBody(file.name, signal)) === file.contentSha256) continue;
    if (there !== undefined && options.keepsNewer === true) {
      newer.push(`the edge function ${file.name}`);
      continue;
    }
    await project.deployFunction(wanted, await buffer(await readPart(options, file, signal)), signal);
    if (hashOf(await project.functionBody(file.name, signal)) !== file.contentSha256)
      throw new PromiseError(`The edge function ${file.name} is not what backup ${manifest.backupId} holds.`);
  }
  const { authSettings, notes } = await restoreAuthSettings(options, part);
  const left = (wanted: string) => newer.filter((one) => one.startsWith(wanted)).length;
  return {
    storageObjects: objects.length - left("the object "),
    functions: functions.length - left("the edge function "),
    authSettings,
    notes: [...noteOfNewer(newer), ...notes],
  };
}

function noteOfNewer(newer: readonly string[]): string[] {
  if (newer.length === 0) return [];
  return [
    `Left as somebody has changed or deleted it since the database was restored: ${named([...newer].sort())}. Look whether that is wanted.`,
  ];
}

/** A new project takes smaller objects than the old one may have. What its plan doesn't allow is told by the upload itself. */
async function makeRoom(
  { project, signal }: RestoreProjectOptions,
  { storageSizeLimit = 0 }: ProjectPart,
  objects: readonly BackupFile[],
): Promise<void> {
  const wanted = objects.reduce((most, { contentBytes }) => Math.max(most, contentBytes), storageSizeLimit);
  if (wanted <= (await project.sizeLimit(signal))) return;
  await unlessRefused(() => project.setSizeLimit(wanted, signal));
}

/** @param cacheControl null for an object without any, undefined for one of which there is no row. False where the app's own is left. */
async function restoreObject(
  options: RestoreProjectOptions,
  file: BackupFile,
  cacheControl: string | null | undefined,
): Promise<boolean> {
  const { project, manifest, signal } = options;
  const place = placeOf(file);
  const there = await hashOfObject(project, place, signal);
  if (there === file.contentSha256) return true;
  if (options.keepsNewer === true && (there !== undefined || cacheControl === undefined)) return false;
  const open = () => readPart(options, file, signal);
  const sent = { open, contentType: file.contentType, cacheControl: cacheControl ?? undefined };
  await project.putObject(place, sent, signal);
  if ((await hashOfObject(project, place, signal)) === file.contentSha256) return true;
  throw new PromiseError(`The storage object ${file.name} is not what backup ${manifest.backupId} holds.`);
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

function hashOf(content: Buffer | undefined): string | undefined {
  return content && createHash("sha256").update(content).digest("hex");
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

async function restoreAuthSettings(
  { project, signal }: RestoreProjectOptions,
  { authSettings: saved, secretAuthSettings: secrets }: ProjectPart,
): Promise<Pick<RestoredProject, "authSettings" | "notes">> {
  if (saved === undefined)
    return { authSettings: 0, notes: ["The backup holds no values of the auth settings: set them in the project."] };
  // Older backups hold what stood in place of the secrets.
  const [wanted, toBeSet] = [plainSettings(saved), secrets ?? secretSettings(saved)];
  const notes =
    toBeSet.length === 0
      ? []
      : [`The platform gives no secret of the auth service out: set ${toBeSet.join(", ")} again in the project.`];
  const differing = (now: Record<string, unknown>) =>
    Object.entries(wanted).filter(([name, value]) => !isDeepStrictEqual(now[name] ?? null, value ?? null));
  const changes = differing(await project.authSettings(signal));
  if (changes.length === 0) return { authSettings: 0, notes };
  await changeAuthSettings(project, changes, signal);
  const left = differing(await project.authSettings(signal)).map(([name]) => name);
  if (left.length > 0) notes.push(`The auth service did not take its settings ${left.join(", ")}: look at them.`);
  return { authSettings: changes.length - left.length, notes };
}

/**
 * Changes all at once; where the service refuses that, one by one: a single setting that needs another plan, or a provider that
 * needs its secret first, must not cost the others. What it doesn't take is seen afterwards.
 */
async function changeAuthSettings(
  project: ProjectContent,
  changes: readonly [string, unknown][],
  signal: AbortSignal,
): Promise<void> {
  const change = (some: readonly [string, unknown][]) =>
    unlessRefused(() => project.setAuthSettings(Object.fromEntries(some), signal));
  if (await change(changes)) return;
  for (const one of changes) await change([one]);
}

/** False where the service doesn't take the value. */
async function unlessRefused(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof ServiceError && REFUSED.has(error.status)) return false;
    throw error;
  }
}

/** Of a setting's value or of what the plan offers, not of who asks. */
const REFUSED: ReadonlySet<number> = new Set([400, 402, 422]);
