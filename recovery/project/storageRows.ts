import { hasOwnTable, makeOwnTable } from "../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../postgres/catalog/platform.ts";
import { QUIET_EVENT_TRIGGERS } from "../postgres/catalog/replicaRole.ts";
import type { Session } from "../postgres/session/database.ts";
import { EVERY_ROW } from "../postgres/session/everyRow.ts";
import { quoteIdent, quoteLiteral } from "../postgres/session/quote.ts";
import { inTransaction } from "../postgres/session/transaction.ts";

/** The app's columns of a storage table, which the target keeps as JSON by id until all objects are stored. */
interface Kept {
  table: string;
  memory: string;
  columns: readonly string[];
}

/** What an upload overwrites. Version and metadata belong to the service. */
const OBJECTS: Kept = {
  table: "storage.objects",
  memory: `${MARKER_SCHEMA}.storage_objects`,
  columns: ["owner", "owner_id", "created_at", "updated_at", "last_accessed_at", "user_metadata"],
};
/** What an upload is checked against. An object may be older than its bucket's limits. */
const LIMITS: Kept = {
  table: "storage.buckets",
  memory: `${MARKER_SCHEMA}.storage_buckets`,
  columns: ["allowed_mime_types", "file_size_limit"],
};

/** Whether uploads have started and not finished, so that differences come from the restore and not from the app. */
export async function areStorageRowsOpen(session: Session): Promise<boolean> {
  return await hasOwnTable(session, OBJECTS.memory);
}

/** Prepares for uploads: saves the app's columns before the first one, and lifts the buckets' limits. */
export async function openStorageRows(session: Session): Promise<void> {
  // The saved columns of a killed run stay as they are.
  for (const kept of [OBJECTS, LIMITS]) await remember(session, kept);
  const limits = await columnsOf(session, LIMITS);
  if (limits.length > 0)
    await asReplica(
      session,
      `update ${LIMITS.table} set ${limits.map((name) => `${name} = null`).join(", ")} ${EVERY_ROW}`,
    );
}

/** Restores the app's columns, also if some uploads failed. */
export async function putStorageRowsBack(session: Session): Promise<void> {
  for (const kept of [OBJECTS, LIMITS]) {
    const { table, memory } = kept;
    const columns = await columnsOf(session, kept);
    if (columns.length === 0) continue;
    await asReplica(
      session,
      `update ${table} o set ${columns.map((name) => `${name} = r.${name}`).join(", ")}
         from ${memory} s cross join lateral jsonb_populate_record(null::${table}, s.columns) r where o.id = s.id`,
    );
  }
}

/** Deletes the saved columns. */
export async function forgetStorageRows(session: Session): Promise<void> {
  await session.query(`${QUIET_EVENT_TRIGGERS}; drop table ${OBJECTS.memory}; drop table ${LIMITS.memory}`);
}

async function remember(session: Session, { table, memory, columns }: Kept): Promise<void> {
  await makeOwnTable(
    session,
    `${memory} as
     select id, (select jsonb_object_agg(key, value) from jsonb_each(to_jsonb(o)) where key in (${columns.map(quoteLiteral).join(", ")})) as columns
     from ${table} o`,
  );
}

/** The saved columns that this version of the service has. */
async function columnsOf(session: Session, { memory }: Kept): Promise<string[]> {
  const [row] = await session.query<{ columns: Record<string, unknown> }>(`select columns from ${memory} limit 1`);
  return Object.keys(row?.columns ?? {}).map(quoteIdent);
}

/** Runs without triggers: one of the service's would change the rows' dates. */
async function asReplica(session: Session, statement: string): Promise<void> {
  await inTransaction(session, async () => {
    await session.query("set local session_replication_role = replica");
    await session.query(statement);
  });
}
