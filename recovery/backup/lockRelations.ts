import { UserError } from "../../services/common/errors.ts";
import { IS_APP_SCHEMA } from "../postgres/catalog/platform.ts";
import type { Session } from "../postgres/session/database.ts";
import { quoteTable, tableName } from "../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../postgres/session/sqlState.ts";

/** Something with a definition that a run reads, beside the tables whose rows it reads. */
export interface OtherRelation {
  schema: string;
  name: string;
  kind: "table" | "view" | "materialized or foreign";
}

/**
 * A wait in the leading transaction, where LOCK … NOWAIT can't say that there is to be none, ends after this time: shorter than
 * any deadlock_timeout (1 s), after which the server would end one of those who wait for each other, and not always us.
 */
export const NO_WAIT_MS = 50;
const PREPARED_AT_ONCE = 100;

/**
 * What pg_dump and the catalog's own functions lock as well: partitioned tables, tables of extensions in the app's schemas, views.
 * Held by the leading transaction, nobody can have them for himself while one of ours asks for them.
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
  if (closed.length > 0) {
    throw new UserError(
      `"${session.address.user}" may not read ${closed.map(tableName).join(", ")}: grant it SELECT, since a backup without them would not be whole.`,
    );
  }
  return found.filter(({ kind, readable }) => kind === "materialized or foreign" || readable);
}

/**
 * Locks tables and views ACCESS SHARE in the open transaction, which has no snapshot before and none after. It never waits: who waits
 * while he holds what others want can be waited for by them. SQLSTATE 55P03 where anyone has one of them for himself, or is queued for it.
 */
export async function lockWithoutWaiting(
  session: Session,
  tables: readonly { schema: string; name: string }[],
  others: readonly OtherRelation[],
): Promise<void> {
  await session.query(`set local lock_timeout = ${NO_WAIT_MS}`);
  // ONLY: each partition and child is in the list itself.
  const wanted = [...tables, ...others.filter(({ kind }) => kind === "table")].map(
    (table) => `only ${quoteTable(table)}`,
  );
  if (wanted.length > 0) await lock(session, wanted);
  const views = others.filter(({ kind }) => kind === "view").map(quoteTable);
  if (views.length === 0 || (await isLocked(session, views))) return;
  // A view whose owner has lost a right is broken for everyone; the others are held all the same.
  for (const view of views) await isLocked(session, [view]);
}

/**
 * Holds what LOCK doesn't take: naming a relation in a statement that is never run locks it, until {@link letGoOfOthers} or the
 * transaction's end.
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
 * Lets go of those, once all definitions are read: their rows are no part of a backup, and whoever refreshes a materialized view every
 * few minutes must not end every run that takes longer.
 */
export async function letGoOfOthers(session: Session): Promise<void> {
  await session.query("rollback to savepoint others");
}

/** Who has which relation for himself or is queued for it, as a clause of a sentence; undefined where nobody does any more. */
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
    const who = pid === null ? "a prepared transaction" : `process ${pid}${program === null ? "" : ` ("${program}")`}`;
    return `${who} holds ${tableName(table)}`;
  });
  return clauses.join(", ");
}

/** Whether they could be locked; false where a right is missing. */
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
