import { UserError } from "../../../services/common/errors.ts";
import type { Session } from "../session/database.ts";
import { quoteLiteral, quoteTable, tableName } from "../session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../session/sqlState.ts";

/**
 * Sees to it that neither triggers nor rules nor foreign keys of these tables act for the rest of the open transaction, or until
 * what is returned has been called. As a replica where the role may be one (Supabase's may); else the triggers and rules of the
 * tables' user are switched off one by one, which can't be done to foreign keys: UserError where there are any.
 */
export async function actAsReplica(
  session: Session,
  tables: readonly { schema: string; name: string }[],
): Promise<() => Promise<void>> {
  await session.query("savepoint replica");
  try {
    await session.query("set local session_replication_role = replica");
    return async () => {
      await session.query("set local session_replication_role = origin");
    };
  } catch (error) {
    if (sqlStateOf(error) !== SQLSTATE.INSUFFICIENT_PRIVILEGE) throw error;
    await session.query("rollback to savepoint replica");
  }
  await refuseForeignKeys(session, tables);
  const acting = await session.query<{ table: string; what: string }>(
    `select t.tgrelid::pg_catalog.regclass::text as table, format('trigger %I', t.tgname) as what from pg_catalog.pg_trigger t
       where not t.tgisinternal and t.tgenabled = 'O' and t.tgrelid = any ($1::pg_catalog.regclass[])
     union all
     select r.ev_class::pg_catalog.regclass::text, format('rule %I', r.rulename) from pg_catalog.pg_rewrite r
       where r.ev_enabled = 'O' and r.rulename <> '_RETURN' and r.ev_class = any ($1::pg_catalog.regclass[])`,
    [tables.map(quoteTable)],
  );
  for (const { table, what } of acting) await session.query(`alter table ${table} disable ${what}`);
  return async () => {
    for (const { table, what } of acting) await session.query(`alter table ${table} enable ${what}`);
  };
}

/**
 * SQL that keeps the app's event triggers from acting on definitions for the rest of the transaction, where the role may do so
 * (Supabase's may): they would refuse them, log them into tables, or alter what they make. By a statement, since Supabase allows that
 * where a server's own rights refuse it (supautils: privileged_role_allowed_configs), and knows nothing of set_config().
 */
export const QUIET_EVENT_TRIGGERS = `do $quiet$ begin
  set local session_replication_role = replica;
exception when insufficient_privilege then null;
end $quiet$`;

/** Does that, within a transaction. */
export async function quietEventTriggers(session: Session): Promise<void> {
  await session.query(QUIET_EVENT_TRIGGERS);
}

async function refuseForeignKeys(session: Session, tables: readonly { schema: string; name: string }[]): Promise<void> {
  const found = await session.query<{ name: string }>(
    `select distinct k.conrelid::pg_catalog.regclass::text as name from pg_catalog.pg_constraint k
     where k.contype = 'f' and (k.conrelid = any ($1::pg_catalog.regclass[]) or k.confrelid = any ($1::pg_catalog.regclass[])) order by 1`,
    [tables.map(quoteTable)],
  );
  if (found.length === 0) return;
  const user = quoteLiteral(session.address.user).trim();
  throw new UserError(
    `Foreign keys of ${found.map(({ name }) => name).join(", ")} would act on the rows of ${tables.map(tableName).join(", ")}, and ${user} may not set session_replication_role: use a role that may.`,
  );
}
