import { messageOf } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { retry } from "../../services/common/retry.ts";
import { hasAddress, type ProjectContent } from "../../services/databaseHost/projectContent.ts";
import { ServiceFailures } from "../../services/http/serviceFailures.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import type { Session } from "../postgres/session/database.ts";
import { ALL, type Lacks } from "../vault/lacks.ts";
import type { FileStore } from "./fileStore.ts";

/** A row of storage.objects: the object at the time of the snapshot. */
export interface StorageRow {
  bucket: string;
  name: string;
  /** Set by the service. Null in versions of the service without object versions. */
  version: string | null;
  /** Bytes. Null if the row has no size. */
  size: string | null;
  etag: string | null;
}

/** Where the objects are read from, and where they are stored. */
export interface StoreStorageOptions {
  project: ProjectContent;
  /** The rows of the snapshot. Undefined if they can't be read. */
  objects: readonly StorageRow[] | undefined;
  /** The rows after all objects were read, to find what the app has changed since the snapshot. */
  rowsNow: () => Promise<readonly StorageRow[] | undefined>;
  store: FileStore;
  reporter: Reporter;
  signal: AbortSignal;
}

/** What the backup lacks of the objects. */
interface StoredStorage {
  leftOut: LeftOut[];
  lacks: NonNullable<Lacks["storage"]>;
}

/** An object whose bytes are not in the backup. */
interface Lost {
  object: StorageRow;
  why: string;
}

const READERS = 3;
/** For one object whose content breaks off. */
const ATTEMPTS = 3;

/** The objects of storage, sorted. Empty if there is no storage service, undefined if the role may not read its rows. */
export async function listStorageObjects(session: Session): Promise<StorageRow[] | undefined> {
  const [there] = await session.query<{ readable: boolean }>(
    `select pg_catalog.has_table_privilege(oid, 'select') and not pg_catalog.row_security_active(oid) as readable
       from pg_catalog.pg_class where relname = 'objects' and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = 'storage')`,
  );
  if (there === undefined) return [];
  if (!there.readable) return undefined;
  // Older versions of the service have no object versions.
  return await session.query<StorageRow>(
    `select bucket_id as bucket, name, pg_catalog.to_jsonb(o) ->> 'version' as version, metadata ->> 'size' as size, metadata ->> 'eTag' as etag
     from storage.objects o where bucket_id is not null and name is not null order by 1, 2`,
  );
}

/** "bucket/path". */
export function fullName({ bucket, name }: Pick<StorageRow, "bucket" | "name">): string {
  return `${bucket}/${name}`;
}

/** Version and ETag, as far as a row has them. */
export function identityOf({ version, etag }: Pick<StorageRow, "version" | "etag">): {
  version?: string;
  etag?: string;
} {
  return { ...(version !== null && { version }), ...(etag !== null && { etag }) };
}

/**
 * Stores the bytes of the snapshot's objects. An object that can't be read is left out by name and reason, and does not affect the others.
 * If the service itself fails (serviceFailures.ts), the other objects are left out too.
 *
 * @throws UserError, PromiseError: the vault's own errors
 */
export async function storeStorage(options: StoreStorageOptions): Promise<StoredStorage> {
  const { objects, project, store, signal, reporter } = options;
  if (objects === undefined)
    return {
      leftOut: [{ what: "bytes of the storage objects", why: "the role may not read storage.objects", failed: true }],
      lacks: [{ name: ALL }],
    };
  const unread: StorageRow[] = [];
  const failures = new ServiceFailures();
  const [lost, others]: [Lost[], Lost[]] = [[], []];
  let isDown: string | undefined;
  const read = async (object: StorageRow, inner: AbortSignal): Promise<void> => {
    if (isDown !== undefined) return void unread.push(object);
    try {
      const why = await storeObject(project, store, object, inner);
      failures.succeeded();
      if (why !== undefined) others.push({ object, why });
    } catch (error) {
      inner.throwIfAborted();
      if (!(error instanceof SourceFailure)) throw error;
      const why = messageOf(error.cause);
      lost.push({ object, why });
      if (!failures.failed(error.cause)) isDown ??= why;
    }
  };
  await pool(objects, READERS, read, signal);
  const { changed, unchanged } = await sinceSnapshot(options, others);
  lost.push(...unchanged);
  if (isDown !== undefined) reporter(`${unread.length} storage objects are left out: ${isDown}`);
  const bytesOf = ({ object, why }: Lost): LeftOut => ({ what: `bytes of storage object ${fullName(object)}`, why });
  const skipped: LeftOut = {
    what: `bytes of ${unread.length} storage objects (${unread.map(fullName).join(", ")})`,
    why: isDown ?? "",
    failed: true,
  };
  return {
    leftOut: [
      ...changed.map(bytesOf),
      ...lost.map((one): LeftOut => ({ ...bytesOf(one), failed: true })),
      ...(unread.length === 0 ? [] : [skipped]),
    ],
    lacks: [
      ...changed.map(({ object }) => ({ ...lackOf(object), excused: true as const })),
      ...lost.map(({ object }) => lackOf(object)),
      ...unread.map(lackOf),
    ],
  };
}

function lackOf(object: StorageRow): NonNullable<Lacks["storage"]>[number] {
  return { name: fullName(object), ...identityOf(object) };
}

/**
 * Separates objects that the app has changed since the snapshot from lost ones. An object whose row has changed or is gone was replaced or
 * deleted. An object whose row is the same has lost its bytes. An unfinished upload has none.
 */
async function sinceSnapshot(
  { rowsNow }: StoreStorageOptions,
  others: readonly Lost[],
): Promise<{ changed: Lost[]; unchanged: Lost[] }> {
  if (others.length === 0) return { changed: [], unchanged: [] };
  const now = new Map(((await rowsNow()) ?? []).map((row) => [fullName(row), row]));
  const isChanged = ({ object }: Lost) => {
    if (!hasAddress(object.name) || (object.size === null && object.etag === null)) return true;
    const row = now.get(fullName(object));
    return row?.version !== object.version || row.etag !== object.etag || row.size !== object.size;
  };
  return {
    changed: others.filter(isChanged),
    unchanged: others
      .filter((one) => !isChanged(one))
      .map(({ object, why }) => ({ object, why: `${why}, and its row is still the same` })),
  };
}

/** An error of the service, not of the vault. */
class SourceFailure extends Error {
  constructor(cause: unknown) {
    super("the source failed", { cause });
  }
}

/** Returns why its bytes are not in the backup. Undefined if they are. */
async function storeObject(
  project: ProjectContent,
  store: FileStore,
  row: StorageRow,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!hasAddress(row.name)) return "a part of its name is only dots, which no address can hold";
  const way = { hasBroken: false };
  const storeOnce = async (): Promise<string | undefined> => {
    way.hasBroken = false;
    const content = await asSource(() => project.getObject(row, signal));
    if (content === undefined) return "the storage service has none";
    if (row.etag !== null && content.etag !== undefined && strong(content.etag) !== strong(row.etag)) {
      content.body.destroy();
      return "the storage service has another version";
    }
    content.body.once("error", () => (way.hasBroken = true));
    const file = await store.put("storage", fullName(row), content.contentType, content.body, signal);
    if (row.size !== null && file.contentBytes !== Number(row.size))
      return `the storage service has ${file.contentBytes} bytes, its row says ${row.size}`;
    store.keep({ ...file, ...identityOf(row) });
    return undefined;
  };
  try {
    return await retry(storeOnce, { attempts: ATTEMPTS, pauseMs: () => (way.hasBroken ? 0 : undefined), signal });
  } catch (error) {
    throw way.hasBroken ? new SourceFailure(error) : error;
  }
}

/** A cache on the way may weaken an ETag, for instance when it compresses. It still names the same version. */
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
