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
import { inTransaction } from "../../clients/transaction.ts";
import type { BackupSource } from "../vault/backupSource.ts";
import type { BackupFile, Manifest } from "../vault/manifest.ts";
import { parseProject } from "../vault/projectPart.ts";
import type { ProjectPart } from "../vault/projectPart.ts";
import { readPart } from "../vault/readPart.ts";
import { makeOwnTable } from "../database/ownTables.ts";
import { quoteIdent, quoteLiteral } from "../database/quote.ts";
import { QUIET_EVENT_TRIGGERS } from "../database/replicaRole.ts";
import { fetchText } from "./restoreSteps.ts";
import { together } from "../together.ts";

/** Where a project's content goes. */
export interface RestoreProjectOptions extends BackupSource {
  project: ProjectContent;
  /** Of the restored database, whose rows name the objects. */
  session: Session;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What is in the project now, each compared with the backup. */
export interface RestoredProject {
  storageObjects: number;
  functions: number;
  /** Settings of the auth service that were changed. */
  authSettings: number;
  /** What is not as it was and no fault of the content, in sentences. */
  notes: string[];
}

const WRITERS = 3;

/** Whether a backup holds anything beside the database. */
export function holdsProject(manifest: Manifest): boolean {
  return manifest.parts.some(({ name }) => name === "project.json");
}

/**
 * Brings storage objects, edge functions and auth settings into a project whose database is restored. Can be run again: what is
 * there with the same content is left alone. Each content is read back and compared by its SHA-256; PromiseError that names
 * what differs. The auth service's settings are changed where the backup holds them.
 */
export async function restoreProject(options: RestoreProjectOptions): Promise<RestoredProject> {
  const { manifest, project, signal, reporter } = options;
  const objects = manifest.files.filter(({ origin }) => origin === "storage");
  const functions = manifest.files.filter(({ origin }) => origin === "function");
  reporter(`Bringing back ${objects.length} storage objects and ${functions.length} edge functions`);
  const part = parseProject(await fetchText(options, "project.json", signal));
  const queue = [...objects];
  if (objects.length > 0) await rememberOwnColumns(options.session);
  const cacheControls = objects.length === 0 ? new Map<string, string>() : await readCacheControls(options.session);
  const write = async (inner: AbortSignal): Promise<undefined> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift())
      await restoreObject({ ...options, signal: inner }, file, cacheControls.get(file.name));
    return undefined;
  };
  try {
    await together<undefined[]>(signal, ...Array.from({ length: WRITERS }, () => write));
  } finally {
    // Also of those that are in already when another fails; after an abort there is no session, and the next run does it.
    if (objects.length > 0 && !signal.aborted) await putOwnColumnsBack(options.session);
  }
  // Not before all are in: an upload that was broken off may still arrive at the service.
  if (objects.length > 0) await forgetOwnColumns(options.session);
  for (const file of functions) {
    const wanted = part.functions.find(({ slug }) => slug === file.name);
    if (wanted === undefined) throw new PromiseError(`project.json does not describe the edge function ${file.name}`);
    const isThere = (await project.functions(signal)).some((one) => isDeepStrictEqual(one, wanted));
    if (isThere && hashOf(await project.functionBody(file.name, signal)) === file.contentSha256) continue;
    await project.deployFunction(wanted, await buffer(await readPart(options, file, signal)), signal);
    if (hashOf(await project.functionBody(file.name, signal)) !== file.contentSha256)
      throw new PromiseError(`The edge function ${file.name} is not what backup ${manifest.backupId} holds.`);
  }
  const settings = await restoreAuthSettings(options, part);
  return { storageObjects: objects.length, functions: functions.length, ...settings };
}

async function restoreObject(
  options: RestoreProjectOptions,
  file: BackupFile,
  cacheControl: string | undefined,
): Promise<void> {
  const { project, manifest, signal } = options;
  const place = placeOf(file);
  if ((await hashOfObject(project, place, signal)) === file.contentSha256) return;
  const open = () => readPart(options, file, signal);
  await project.putObject(place, { open, contentType: file.contentType, cacheControl }, signal);
  if ((await hashOfObject(project, place, signal)) === file.contentSha256) return;
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

/** How long each object may be kept by whoever has fetched it, by "bucket/path": the restored rows still say it, an upload replaces it. */
async function readCacheControls(session: Session): Promise<Map<string, string>> {
  const rows = await session.query<{ name: string; cacheControl: string }>(
    `select bucket_id || '/' || name as name, metadata ->> 'cacheControl' as "cacheControl"
     from storage.objects where metadata ->> 'cacheControl' <> ''`,
  );
  return new Map(rows.map(({ name, cacheControl }) => [name, cacheControl]));
}

/** What the service writes anew at an upload although it is the app's. Its version and metadata are its own. */
const OWN_COLUMNS = ["owner", "owner_id", "created_at", "updated_at", "last_accessed_at", "user_metadata"];

/** Where they are kept, by id and as JSON, until all objects are in. */
const REMEMBERED = "castchat_recovery.storage_objects";

/** Keeps the app's columns in the target before the first upload; those of a run that was killed stay as they are. */
async function rememberOwnColumns(session: Session): Promise<void> {
  await makeOwnTable(
    session,
    `${REMEMBERED} as
     select id, (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(o)) where key in (${OWN_COLUMNS.map(quoteLiteral).join(", ")})) as columns
     from storage.objects o`,
  );
}

async function forgetOwnColumns(session: Session): Promise<void> {
  await session.query(`${QUIET_EVENT_TRIGGERS}; drop table ${REMEMBERED}`);
}

async function putOwnColumnsBack(session: Session): Promise<void> {
  const [row] = await session.query<{ columns: Record<string, unknown> }>(`select columns from ${REMEMBERED} limit 1`);
  const columns = Object.keys(row?.columns ?? {}).map(quoteIdent);
  if (columns.length === 0) return;
  // As a replica: a trigger of the service would date them anew.
  await inTransaction(session, async () => {
    await session.query("set local session_replication_role = replica");
    await session.query(
      `update storage.objects o set ${columns.map((name) => `${name} = r.${name}`).join(", ")}
         from ${REMEMBERED} s cross join lateral jsonb_populate_record(null::storage.objects, s.columns) r where o.id = s.id`,
    );
  });
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
  const tryTo = async (some: readonly [string, unknown][]): Promise<boolean> => {
    try {
      await project.setAuthSettings(Object.fromEntries(some), signal);
      return true;
    } catch (error) {
      if (error instanceof ServiceError && REFUSED.has(error.status)) return false;
      throw error;
    }
  };
  if (await tryTo(changes)) return;
  for (const change of changes) await tryTo([change]);
}

/** Of a setting's value or of what the plan offers, not of who asks. */
const REFUSED: ReadonlySet<number> = new Set([400, 402, 422]);
