import { UserError } from "../../services/common/errors.ts";
import { IS_APP_SCHEMA } from "../postgres/catalog/platform.ts";
import type { Session } from "../postgres/session/database.ts";
import { quoteTable, tableName } from "../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";

/** A relation whose definition a run reads, but not its rows. */
export interface OtherRelation {
  schema: string;
  name: string;
  kind: "table" | "view" | "materialized or foreign";
}

/**
 * Bounds a wait in the leading transaction if LOCK … NOWAIT cannot be used. Shorter than any `deadlock_timeout` (1 s): PostgreSQL cancels
 * the session that detects a deadlock, and that could be the app's.
 */
export const NO_WAIT_MS = 50;
const PREPARED_AT_ONCE = 100;

/**
 * Lists what pg_dump and the catalog's functions lock as well: partitioned tables, tables of extensions in the app's schemas, views. The
 * leading transaction holds them, so that no other session can lock them exclusively while a session of the run asks for them.
 *
 * @throws UserError if the role may not read a partitioned table
 */
export async function listOtherRelations(
  session: Session,
  tables: readonly { schema: string; name: string }[],
): Promise<OtherRelation[]> {
  const found = await session.query<OtherRelation & { readable: boolean; partitioned: boolean }>(
    `select n.nspname as schema, c.relname as name, pg_catalog.has_table_privilege(c.oid, 'select') as readable, c.relkind = 'p' as partitioned,
       case when c.relkind in ('r', 'p') then 'table' when c.relkind = 'v' then 'view' else 'materialized or foreign' end as kind
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and ${IS_APP_SCHEMA}
       and pg_catalog.has_schema_privilege(n.oid, 'usage') and (n.nspname, c.relname) not in (select * from unnest($1::text[], $2::text[]))
     order by 1, 2`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  const closed = found.filter(({ readable, partitioned }) => partitioned && !readable);
  if (closed.length > 0) throw mayNotRead(session.address.user, closed);
  return found.filter(({ kind, readable }) => kind === "materialized or foreign" || readable);
}

/** The refusal of a run whose role may not read these tables. */
export function mayNotRead(user: string, tables: readonly { schema: string; name: string }[]): UserError {
  return new UserError(
    `"${user}" may not read ${tables.map(tableName).join(", ")}. A backup without them would be incomplete. Grant it SELECT on them.`,
  );
}

/**
 * Locks tables and views ACCESS SHARE in the open transaction, which takes no snapshot. Never waits for a lock: waiting while holding locks
 * invites a deadlock. Fails with SQLSTATE 55P03 if another session holds, or is queued for, an exclusive lock on any of them.
 */
export async function lockWithoutWaiting(
  session: Session,
  tables: readonly { schema: string; name: string }[],
  others: readonly OtherRelation[],
): Promise<void> {
  await session.query(`set local lock_timeout = ${NO_WAIT_MS}`);
  // ONLY: the list names each partition and child itself.
  const wanted = [...tables, ...others.filter(({ kind }) => kind === "table")].map(
    (table) => `only ${quoteTable(table)}`,
  );
  if (wanted.length > 0) await lock(session, wanted);
  const views = others.filter(({ kind }) => kind === "view").map(quoteTable);
  if (views.length === 0 || (await isLocked(session, views))) return;
  // A view whose owner has lost a right is broken for every reader. The other views are locked all the same.
  for (const view of views) await isLocked(session, [view]);
}

/**
 * Locks what LOCK does not take. A prepared statement locks the relations that it names without being run. The locks last until
 * {@link releaseOthers} or the transaction's end.
 */
export async function holdOthers(session: Session, others: readonly OtherRelation[]): Promise<void> {
  await session.query("savepoint others");
  const names = others.filter(({ kind }) => kind === "materialized or foreign").map(quoteTable);
  for (let from = 0; from < names.length; from += PREPARED_AT_ONCE) {
    const some = names.slice(from, from + PREPARED_AT_ONCE).join(", ");
    await session.query(`prepare castchat_hold as select from ${some}; deallocate castchat_hold`);
  }
}

/**
 * Releases these locks after all definitions are read. A backup has no rows of these relations, and a job that refreshes a materialized
 * view every few minutes must not end every longer run.
 */
export async function releaseOthers(session: Session): Promise<void> {
  await session.query("rollback to savepoint others");
}

/** Which session holds or is queued for which relation exclusively, as a clause. Undefined if there is none any more. */
export async function describeHolders(session: Session): Promise<string | undefined> {
  const holders = await session.query<{ schema: string; name: string; pid: number | null; program: string | null }>(
    `select n.nspname as schema, c.relname as name, l.pid, nullif(a.application_name, '') as program
     from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where l.mode = 'AccessExclusiveLock' and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
       and c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and l.pid is distinct from pg_catalog.pg_backend_pid()
     order by l.granted desc, a.xact_start, 1, 2 limit 3`,
  );
  if (holders.length === 0) return undefined;
  const clauses = holders.map(({ pid, program, ...table }) => {
    const holder =
      pid === null ? "a prepared transaction" : `process ${pid}${program === null ? "" : ` ("${program}")`}`;
    return `${holder} holds ${tableName(table)}`;
  });
  return clauses.join(", ");
}

/** Whether they could be locked. False if a right is missing. */
async function isLocked(session: Session, names: readonly string[]): Promise<boolean> {
  await session.query("savepoint views");
  try {
    await lock(session, names);
    await session.query("release savepoint views");
    return true;
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.INSUFFICIENT_PRIVILEGE) throw error;
    await session.query("rollback to savepoint views; release savepoint views");
    return false;
  }
}

async function lock(session: Session, names: readonly string[]): Promise<void> {
  await session.query(`lock table ${names.join(", ")} in access share mode nowait`);
}
