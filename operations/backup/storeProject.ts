import { createHash } from "node:crypto";
import { Readable, Transform, pipeline } from "node:stream";
import { plainSettings, secretSettings } from "../../clients/authSettings.ts";
import type { Session } from "../../clients/database.ts";
import { messageOf } from "../../clients/errors.ts";
import type { Reporter } from "../../clients/reporter.ts";
import type { EdgeFunction, ProjectContent } from "../../clients/supabaseContent.ts";
import { storeText } from "./backupParts.ts";
import type { RunPlace } from "./backupParts.ts";
import type { LeftOut } from "../vault/leftOut.ts";
import { fileObject, keyInAttempt } from "../vault/manifest.ts";
import type { BackupFile, BackupPart } from "../vault/manifest.ts";
import { projectText } from "../vault/projectPart.ts";
import { together } from "../together.ts";

/** A row of storage.objects: what the object was in the snapshot. */
export interface StorageRow {
  bucket: string;
  name: string;
  /** Bytes; null where the row tells none. */
  size: string | null;
  etag: string | null;
}

/** What is stored of a project beside its database. */
export interface StoredProject {
  parts: BackupPart[];
  files: BackupFile[];
  leftOut: readonly LeftOut[];
}

/** Where from, and where to. */
export interface StoreProjectOptions {
  project: ProjectContent;
  /** The rows of the snapshot. */
  objects: readonly StorageRow[];
  place: RunPlace;
  /** Whether the vault seals what is put into it: what is secret may be stored. */
  isSealed: boolean;
  reporter: Reporter;
  signal: AbortSignal;
}

const READERS = 3;
/** Of one object, where its content breaks off on the way. */
const ATTEMPTS = 3;

/** The objects of storage in the session's snapshot, sorted. */
export async function listStorageObjects(session: Session): Promise<StorageRow[]> {
  const [there] = await session.query<{ readable: boolean }>(
    `select coalesce((select pg_catalog.has_table_privilege(oid, 'select') and not pg_catalog.row_security_active(oid)
       from pg_catalog.pg_class where relname = 'objects' and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = 'storage')), false) as readable`,
  );
  if (there?.readable !== true) return [];
  return await session.query<StorageRow>(
    `select bucket_id as bucket, name, metadata ->> 'size' as size, metadata ->> 'eTag' as etag
     from storage.objects where bucket_id is not null and name is not null order by 1, 2`,
  );
}

/**
 * Stores the bytes of the snapshot's storage objects, the code of the edge functions, and how both and the auth service are set
 * up. An object that is gone, or another one by now, and whatever the services refuse is left out by name and reason: it costs
 * nobody the backup of the database. The vault's own errors are thrown.
 */
export async function storeProject(options: StoreProjectOptions): Promise<StoredProject> {
  const { project, isSealed, place, signal } = options;
  const leftOut: LeftOut[] = [
    { what: "the JWT secret and the secrets of edge functions", why: "no interface of the platform gives them out" },
  ];
  const store = new FileStore(place);
  await storeObjects(options, store, leftOut);
  const functions = await orLeftOut("edge functions", leftOut, signal, () => project.functions(signal));
  const stored: EdgeFunction[] = [];
  for (const one of functions ?? []) if (await storeFunction(options, store, one, leftOut)) stored.push(one);
  const sizeLimit = await orLeftOut("the limit of an object's size", leftOut, signal, () => project.sizeLimit(signal));
  const authSettings = isSealed
    ? await orLeftOut("auth settings", leftOut, signal, () => project.authSettings(signal))
    : undefined;
  if (!isSealed)
    leftOut.push({
      what: "values of the auth settings",
      why: "no recipient is set to encrypt them to: set ageRecipients",
    });
  const secretAuthSettings = secretSettings(authSettings ?? {});
  if (secretAuthSettings.length > 0)
    leftOut.push({
      what: `values of the auth settings ${secretAuthSettings.join(", ")}`,
      why: "the platform shows a hash in place of a secret: keep them elsewhere, and set them again after a restore",
    });
  const text = projectText({
    functions: stored,
    ...(sizeLimit !== undefined && { storageSizeLimit: sizeLimit }),
    ...(authSettings && { authSettings: plainSettings(authSettings), secretAuthSettings }),
  });
  return { parts: [await storeText(place, "project.json", text, signal)], files: store.sorted(), leftOut };
}

async function storeObjects(options: StoreProjectOptions, store: FileStore, leftOut: LeftOut[]): Promise<void> {
  const { objects, project, signal, reporter } = options;
  const queue = [...objects];
  let failure: string | undefined;
  const read = async (inner: AbortSignal): Promise<undefined> => {
    while (failure === undefined) {
      const object = queue.shift();
      if (object === undefined) break;
      try {
        const why = await storeObject(project, store, object, inner);
        if (why !== undefined) leftOut.push({ what: `bytes of storage object ${object.bucket}/${object.name}`, why });
      } catch (error) {
        inner.throwIfAborted();
        if (!(error instanceof SourceFailure)) throw error;
        queue.unshift(object);
        failure ??= messageOf(error.cause);
      }
    }
    return undefined;
  };
  await together<undefined[]>(signal, ...Array.from({ length: READERS }, () => read));
  if (failure === undefined) return;
  const names = queue.map(({ bucket, name }) => `${bucket}/${name}`);
  leftOut.push({ what: `bytes of ${names.length} storage objects (${names.join(", ")})`, why: failure, failed: true });
  reporter(`${names.length} storage objects are left out: ${failure}`);
}

/** The service has failed, not the vault. */
class SourceFailure extends Error {
  constructor(cause: unknown) {
    super("the source failed", { cause });
  }
}

/** Returns why its bytes are not in the backup; undefined where they are. */
async function storeObject(
  project: ProjectContent,
  store: FileStore,
  row: StorageRow,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const way = { hasBroken: false };
    try {
      const content = await asSource(() => project.getObject(row, signal));
      if (content === undefined) return "the storage service has none";
      if (row.etag !== null && content.etag !== undefined && strong(content.etag) !== strong(row.etag)) {
        content.body.destroy();
        return "it was replaced at the storage service after the snapshot";
      }
      content.body.once("error", () => (way.hasBroken = true));
      const file = await store.put("storage", `${row.bucket}/${row.name}`, content.contentType, content.body, signal);
      if (row.size !== null && file.contentBytes !== Number(row.size))
        return `the storage service has ${file.contentBytes} bytes, its row says ${row.size}`;
      store.keep(file);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!way.hasBroken) throw error;
      if (attempt >= ATTEMPTS) throw new SourceFailure(error);
    }
  }
}

/** A cache on the way may weaken an etag, for instance where it compresses: it still names the same version. */
function strong(etag: string): string {
  return etag.replace(/^W\//, "");
}

async function asSource<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SourceFailure(error);
  }
}

async function storeFunction(
  { project, signal }: StoreProjectOptions,
  store: FileStore,
  { slug }: EdgeFunction,
  leftOut: LeftOut[],
): Promise<boolean> {
  const what = `code of edge function ${slug}`;
  const body = await orLeftOut(what, leftOut, signal, async () => {
    const found = await project.functionBody(slug, signal);
    if (found === undefined) throw new Error("the platform has none");
    return found;
  });
  if (body === undefined) return false;
  store.keep(await store.put("function", slug, "application/vnd.denoland.eszip", Readable.from([body]), signal));
  return true;
}

async function orLeftOut<T>(
  what: string,
  leftOut: LeftOut[],
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    leftOut.push({ what, why: messageOf(error), failed: true });
    return undefined;
  }
}

/** Puts files into the backup's folder; memory stays flat at any size. */
class FileStore {
  readonly #place: RunPlace;
  readonly #files: BackupFile[] = [];
  #begun = 0;

  constructor(place: RunPlace) {
    this.#place = place;
  }

  /** Stores a content under a key of its own; it is part of the backup once it is kept. */
  async put(
    origin: BackupFile["origin"],
    name: string,
    contentType: string,
    body: Readable,
    signal: AbortSignal,
  ): Promise<BackupFile> {
    const key = keyInAttempt(this.#place, fileObject(++this.#begun));
    const hash = createHash("sha256");
    let contentBytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        contentBytes += chunk.length;
        done(null, chunk);
      },
    });
    // A body that breaks off fails what reads it.
    pipeline(body, measure, () => undefined);
    const { lockUntil, vault } = this.#place;
    const { sizeBytes, sha256 } = await vault.put(key, measure, { contentType, lockUntil, signal });
    return { key, origin, name, contentType, sizeBytes, sha256, contentBytes, contentSha256: hash.digest("hex") };
  }

  keep(file: BackupFile): void {
    this.#files.push(file);
  }

  sorted(): BackupFile[] {
    return this.#files.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
