import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { realTiming, sleep, type Timing } from "../../services/common/timing.ts";
import { listTables, type TableFacts } from "../postgres/catalog/catalog.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import { VECTOR_BUCKET_TABLES } from "../postgres/catalog/platformColumns.ts";
import { type MeasuredTable, measureTables } from "../postgres/rows/measureTables.ts";
import type { Session } from "../postgres/session/database.ts";
import { quoteLiteral, tableKey, tableName } from "../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";
import type { Holder } from "./holder.ts";
import { describeHolders, holdOthers, listOtherRelations, lockWithoutWaiting, mayNotRead } from "./lockRelations.ts";

/** One consistent view of the database, for as long as its session's transaction is open. */
export interface Snapshot {
  /** For pg_dump's --snapshot. */
  id: string;
  tables: MeasuredTable[];
  /** Tables of the platform's schemas whose rows this role may not see, or not all of them. */
  unreadable: LeftOut[];
}

/** How a snapshot is opened. */
export interface SnapshotOptions {
  /** Locks the contended tables in place of the leading session. @default - the leading session locks every table */
  holder?: Holder | undefined;
  timing?: Timing;
  signal?: AbortSignal;
}

/** Faults that pass: a lock that cannot be taken, a table that was dropped meanwhile. */
const PASSING = new Set<string>([SQLSTATE.LOCK_NOT_AVAILABLE, SQLSTATE.UNDEFINED_TABLE, SQLSTATE.DEADLOCK_DETECTED]);

/**
 * Opens the leading transaction. Every table is locked against changes of its definition *before* the snapshot is taken: after an ALTER
 * TYPE or TRUNCATE between the two, readers would silently read no rows. Both rewrite a table, and neither is safe under MVCC (PostgreSQL's
 * manual, "Caveats" of concurrency control). Then the tables are listed again; if the list differs, it starts
 * again. It never waits for a lock, so that no session waits behind a run that waits itself. If a lock cannot be taken, all locks are
 * released, and it tries again after a pause.
 *
 * @throws UserError, with the holder's name, if the locks can't be taken within `lockPatienceMs`
 */
export async function openSnapshot(
  session: Session,
  reporter: Reporter,
  { holder, timing = realTiming, signal }: SnapshotOptions = {},
): Promise<Snapshot> {
  const { lockPatienceMs, snapshotPauseMs } = timing;
  const begunAt = performance.now();
  for (let isFirst = true; ; isFirst = false) {
    const listed = await listTables(session);
    const tables = listed.filter((table) => !isKeptByPlatform(table));
    refuseUnreadable(tables, session.address.user);
    await refuseHypertables(session);
    const opened = await lockAndExport({ session, holder }, listed, tables);
    if (typeof opened !== "string") return opened;
    const isHeld = opened === "held";
    const holders = isHeld ? await describeHolders(session) : undefined;
    if (performance.now() - begunAt > lockPatienceMs) throw outOfPatience(isHeld, holders, lockPatienceMs);
    if (isFirst && isHeld) reporter("Another session holds a table: yielding, then trying again");
    await sleep(snapshotPauseMs * (1 + 4 * Math.random()), signal);
  }
}

/** Returns the snapshot with its locks. If a table is held or the tables have changed, it rolls back and says so. */
async function lockAndExport(
  { session, holder }: { session: Session; holder: Holder | undefined },
  listed: readonly TableFacts[],
  tables: readonly TableFacts[],
): Promise<Snapshot | "held" | "changed"> {
  const others = await listOtherRelations(session, tables);
  const isHeldApart = (table: { schema: string; name: string }) => holder?.keys.has(tableKey(table)) === true;
  const begin = "begin isolation level repeatable read read only";
  await session.query(begin);
  await holder?.session.query(begin);
  const rollback = async () => {
    await session.query("rollback");
    await holder?.session.query("rollback");
  };
  try {
    // LOCK takes no snapshot; the first query after it does.
    if (holder !== undefined)
      await lockWithoutWaiting(holder.session, tables.filter(isHeldApart), others.filter(isHeldApart));
    const isMine = (table: { schema: string; name: string }) => !isHeldApart(table);
    await lockWithoutWaiting(session, tables.filter(isMine), others.filter(isMine));
    const [exported] = await session.query<{ id: string }>("select pg_export_snapshot() as id");
    if (exported !== undefined) await holder?.session.query(`set transaction snapshot ${quoteLiteral(exported.id)}`);
    const again = await listTables(session);
    if (exported !== undefined && names(again) === names(listed)) {
      await holdOthers(session, others);
      return {
        id: exported.id,
        tables: await measureTables(session, tables),
        unreadable: listed.filter(isKeptByPlatform).map((table) => leftOutFor(table, session.address.user)),
      };
    }
    await rollback();
    return "changed";
  } catch (error) {
    if (!PASSING.has(sqlStateOf(error))) throw error;
    await rollback();
    return sqlStateOf(error) === SQLSTATE.UNDEFINED_TABLE ? "changed" : "held";
  }
}

function outOfPatience(isHeld: boolean, holders: string | undefined, patienceMs: number): UserError {
  const seconds = Math.round(patienceMs / 1_000);
  return new UserError(
    isHeld
      ? `The tables could not be locked for reading within ${seconds} s: ${holders ?? "other sessions hold them repeatedly"}. Wait until it has finished or end it with \`select pg_terminate_backend(PROCESS)\`, then run this again.`
      : `Tables were added, removed or changed repeatedly for ${seconds} s. Run this again when migrations have finished.`,
  );
}

/**
 * Whether Supabase keeps a table of auth or storage from its customers: no role of theirs can read it, or write it back. The manifest lists
 * it, since refusing would end every run from the day on which Supabase adds such a table.
 */
function isKeptByPlatform(table: TableFacts): boolean {
  return table.kind === "managed" && (!table.readable || table.filtered || isOfVectorBuckets(table));
}

function isOfVectorBuckets(table: TableFacts): boolean {
  return VECTOR_BUCKET_TABLES.includes(tableName(table));
}

function leftOutFor(table: TableFacts, user: string): LeftOut {
  const what = `rows of ${tableName(table)}`;
  if (table.readable && isOfVectorBuckets(table))
    return { what, why: "only the storage service writes them: create vector buckets again through its API" };
  return {
    what,
    why: table.readable
      ? `row level security of the platform hides rows of it from "${user}"`
      : `the platform does not let "${user}" read it`,
  };
}

/** Refuses a run if the role can read a table of the app not at all, or only in part: its rows would be missing from the backup. */
function refuseUnreadable(tables: readonly TableFacts[], user: string): void {
  const unreadable = tables.filter((table) => !table.readable);
  if (unreadable.length > 0) throw mayNotRead(user, unreadable);
  const filtered = tables.filter((table) => table.filtered);
  if (filtered.length > 0) {
    throw new UserError(
      `Row level security hides rows of ${filtered.map(tableName).join(", ")} from "${user}". A backup without them would be incomplete. Use a role with BYPASSRLS.`,
    );
  }
}

/** COPY of a Timescale hypertable returns no row and no error: its rows lie in tables of the extension. */
async function refuseHypertables(session: Session): Promise<void> {
  const [there] = await session.query<{ name: string | null }>(
    "select to_regclass('_timescaledb_catalog.hypertable')::text as name",
  );
  if ((there?.name ?? null) === null) return;
  const found = await session.query<{ schema: string; name: string }>(
    "select schema_name as schema, table_name as name from _timescaledb_catalog.hypertable order by 1, 2",
  );
  if (found.length === 0) return;
  throw new UserError(
    `The rows of the Timescale hypertables ${found.map(tableName).join(", ")} cannot be copied. A backup without them would be incomplete. Move them to ordinary tables.`,
  );
}

function names(tables: readonly TableFacts[]): string {
  return JSON.stringify(tables.map((table) => [table.schema, table.name, table.allColumns, table.format]));
}
