import { UserError } from "../../../services/common/errors.ts";
import { IS_APP_SCHEMA, isNoMember, MANAGED_VERSION_TABLES } from "../../postgres/catalog/platform.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { takeAdvisoryLock } from "../../postgres/session/advisoryLock.ts";
import type { Session } from "../../postgres/session/database.ts";
import { EVERY_ROW } from "../../postgres/session/everyRow.ts";
import { quoteTable } from "../../postgres/session/quote.ts";
import { terminateSessions } from "../../postgres/session/terminateSessions.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { sqlFile } from "../sql/sqlFile.ts";

const DATA_IN = sqlFile("dataIn");
const DROP_MADE = sqlFile("dropMade");
const MANAGED_TABLES = sqlFile("managedTables");
const TABLES_TO_WATCH = sqlFile("tablesToWatch");

/** The name of a restore's sessions in pg_stat_activity. */
export function applicationNameOf(restoreId: string): string {
  return `castchat-recovery restore ${restoreId}`;
}

/**
 * Takes the database's restore lock for as long as the session lives. If this restore was begun before, ends the sessions that a killed
 * run has left behind: a pg_restore outlives the program that started it. UserError if another restore holds the lock.
 */
export async function holdTarget(
  session: Session,
  restoreId: string,
  wasBegun: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const { restoreLockEveryMs: everyMs, restoreLockMs: limitMs } = session.timing;
  if (!(await takeAdvisoryLock(session, "castchat-recovery restore", { everyMs, limitMs, signal })))
    throw new UserError("Another restore works on the target database. Wait until it has finished, or end it.");
  if (!wasBegun) return;
  // Another role's session may have the same name, and is not ours to end.
  const which =
    "pg_catalog.pg_stat_activity a where a.application_name = $1 and a.usename = current_user and a.pid <> pg_catalog.pg_backend_pid()";
  const values = () => [applicationNameOf(restoreId)];
  const { left } = await terminateSessions(session, { which, values }, signal);
  if (left.length === 0) return;
  throw new UserError(
    "Sessions that an interrupted restore left behind on the target database do not end. Restart the database.",
  );
}

/** Up to five things in a database that a restore would mix with or overwrite. Empty for a new project's database. */
export async function listDataIn(session: Session): Promise<string[]> {
  const found = await session.query<{ what: string }>(DATA_IN());
  const names = found.map(({ what }) => what);
  for (const table of await managedTables(session)) {
    if (table !== `"auth"."users"` && table !== `"storage"."objects"`) continue;
    const rows = await session.query(`select from ${table} limit 1`);
    if (rows.length > 0) names.push(`rows of ${table.replaceAll('"', "")}`);
  }
  return names.slice(0, 5);
}

/** UserError if the app's tables, the users or the storage objects have rows. A restore that was interrupted before its rows brings none. */
export async function refuseRows(session: Session): Promise<void> {
  const tables = await session.query<{ name: string }>(TABLES_TO_WATCH());
  const filled: string[] = [];
  for (const { name } of tables)
    if ((await session.query(`select from ${name} limit 1`)).length > 0) filled.push(name.replaceAll('"', ""));
  if (filled.length === 0) return;
  throw new UserError(
    `A restore into this database was interrupted before it brought any rows, yet there are rows in ${filled.slice(0, 5).join(", ")}. They were written since, and starting again would delete them. Name a new project, or remove those rows first.`,
  );
}

/** Removes everything that an unfinished restore has made, so that it can start again. The marker stays. */
export async function wipeTarget(session: Session): Promise<void> {
  await dropRelations(session);
  await inTransaction(session, async () => {
    await quietEventTriggers(session);
    await dropMade(session);
  });
  await removeLargeObjects(session);
  await inTransaction(session, () => emptyManagedTables(session));
}

/** A transaction holds a lock for each relation that it drops, and for its indexes and TOAST table. A server has room for some thousands. */
const RELATIONS_AT_ONCE = 100;

/**
 * Drops the tables and views that no extension has made, some in each transaction.
 *
 * @param schemas SQL condition on `pg_namespace n`
 * @param dropping does the dropping, within a transaction
 */
export async function dropRelations(
  session: Session,
  schemas = IS_APP_SCHEMA,
  dropping = (drop: () => Promise<unknown>) => inTransaction(session, () => quietEventTriggers(session).then(drop)),
): Promise<void> {
  // Partitions first: dropping a partitioned table drops all of them in one transaction.
  const some = `select format('drop %s if exists %I.%I cascade', case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
      when 'f' then 'foreign table' else 'table' end, n.nspname, c.relname) as command
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${schemas} and ${isNoMember("pg_class", "c.oid")}
    order by c.relkind = 'p', c.oid desc limit ${RELATIONS_AT_ONCE}`;
  for (;;) {
    const commands = await session.query<{ command: string }>(some);
    if (commands.length === 0) return;
    await dropping(() => session.query(commands.map(({ command }) => command).join(";\n")));
  }
}

/** Drops every definition of the app. The schema public, schemas with an extension in them, and what a replacement has set aside stay. */
export async function dropMade(session: Session): Promise<void> {
  await session.query(DROP_MADE());
}

/** As with {@link RELATIONS_AT_ONCE}, a transaction holds a lock for each. */
const LARGE_OBJECTS_AT_ONCE = 1000;

/** Deletes every large object, some in each transaction. */
export async function removeLargeObjects(session: Session): Promise<void> {
  const some = `select pg_catalog.lo_unlink(oid) from (select oid from pg_catalog.pg_largeobject_metadata limit ${LARGE_OBJECTS_AT_ONCE}) batch`;
  while ((await session.query(some)).length === LARGE_OBJECTS_AT_ONCE);
}

/** Deletes the rows of auth and storage, or of some of their tables, but not the platform's own versions. Within a transaction. */
export async function emptyManagedTables(
  session: Session,
  some?: readonly { schema: string; name: string }[],
): Promise<void> {
  const chosen = some?.map(quoteTable);
  const deletions = (await managedTables(session))
    .filter((table) => chosen === undefined || chosen.includes(table))
    .map((table) => `delete from ${table} ${EVERY_ROW}`);
  if (deletions.length === 0) return;
  // Without triggers: the platform's refuse to delete rows of storage.
  await session.query(["set local session_replication_role = replica", ...deletions].join(";\n"));
}

/** Counts a table's own rows, without its children's. */
export async function countRows(session: Session, table: { schema: string; name: string }): Promise<number> {
  const [row] = await session.query<{ rows: string }>(`select count(*) as rows from only ${quoteTable(table)}`);
  return Number(row?.rows ?? 0);
}

async function managedTables(session: Session): Promise<string[]> {
  const rows = await session.query<{ schema: string; name: string }>(MANAGED_TABLES(), [MANAGED_VERSION_TABLES]);
  return rows.map(quoteTable);
}
