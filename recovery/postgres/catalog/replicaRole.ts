import { UserError } from "../../../services/common/errors.ts";
import type { Session } from "../session/database.ts";
import { quoteLiteral, quoteTable, tableName } from "../session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../session/sqlState.ts";

/**
 * Disables triggers, rules and foreign keys of these tables for the rest of the open transaction, or until the returned function is called.
 * It sets session_replication_role if the role may do so (Supabase's may). Otherwise it disables the tables' user triggers and rules one by
 * one.
 *
 * @throws UserError if that leaves foreign keys, which can't be disabled
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
 * SQL that disables the app's event triggers for the rest of the transaction, if the role may do so (Supabase's may). They could refuse
 * definitions, log them into tables, or alter them. It is a statement, since Supabase permits it (supautils:
 * privileged_role_allowed_configs) but does not permit set_config().
 */
export const QUIET_EVENT_TRIGGERS = `do $quiet$ begin
  set local session_replication_role = replica;
exception when insufficient_privilege then null;
end $quiet$`;

/** Runs {@link QUIET_EVENT_TRIGGERS} in the open transaction. */
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
    `Foreign keys of ${found.map(({ name }) => name).join(", ")} would act on the rows of ${tables.map(tableName).join(", ")}, and ${user} may not set session_replication_role. Use a role that may set it.`,
  );
}
