import type { Session } from "../session/database.ts";
import { EVERY_ROW } from "../session/everyRow.ts";
import { quoteTable } from "../session/quote.ts";
import type { BackedUpTable } from "./description.ts";
import type { LeftOut } from "./leftOut.ts";
import { PLATFORM_EXTENSIONS } from "./platform.ts";

/**
 * SQL join on `pg_class c` that yields `x.condition` if an extension of the app has marked the relation for a dump
 * (pg_extension_config_dump): which rows belong to its user, as "WHERE …", or empty for all of them. Null otherwise.
 */
export const MARKED_BY_EXTENSION = `left join lateral (
  select e.extname, coalesce(m.condition, '') as condition
  from pg_catalog.pg_extension e cross join unnest(e.extconfig, e.extcondition) as m (oid, condition)
  where m.oid = c.oid and e.extname <> all (array[${PLATFORM_EXTENSIONS.map((name) => `'${name}'`).join(", ")}])) x on true`;

/** SQL condition on `pg_class c`: its rows can be read in full, and this role could restore them. */
export const CAN_BE_BROUGHT_BACK = `(case c.relkind
  when 'r' then pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_table_privilege(c.oid, 'insert')
    and pg_catalog.has_table_privilege(c.oid, 'delete') and not pg_catalog.row_security_active(c.oid)
  when 'S' then pg_catalog.has_sequence_privilege(c.oid, 'select') and pg_catalog.has_sequence_privilege(c.oid, 'update')
  else false end)`;

/** The marked relations of extensions that a backup can't hold, each with its reason. */
export async function listLeftOutOfExtensions(session: Session): Promise<LeftOut[]> {
  return await session.query<LeftOut>(
    `select format('%s %I.%I, of extension %I', case c.relkind when 'S' then 'the position of sequence' else 'rows of' end, n.nspname, c.relname, e.extname) as what,
       case
         when e.extname = 'pg_cron' and c.relname = 'job' then 'they are kept as scheduled jobs, which come back when they are released'
         when e.extname = any ($1::text[]) then 'the extension is the platform''s, and keeps them itself'
         when c.relkind not in ('r', 'S') then 'they do not lie in an ordinary table'
         when c.relkind = 'r' and not pg_catalog.has_table_privilege(c.oid, 'select') then format('%I may not read them', current_user)
         when c.relkind = 'r' and pg_catalog.row_security_active(c.oid) then format('row level security hides some of them from %I', current_user)
         else format('%I may not write them, so no restore could bring them back', current_user)
       end as why
     from pg_catalog.pg_extension e cross join unnest(e.extconfig) as m (oid)
     join pg_catalog.pg_class c on c.oid = m.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where e.extname = any ($1::text[]) or not ${CAN_BE_BROUGHT_BACK} order by 1`,
    [PLATFORM_EXTENSIONS],
  );
}

/**
 * Deletes the initial rows of extensions whose tables the backup has rows of, so that these can be inserted. Must run in a transaction in
 * which neither triggers nor foreign keys act.
 */
export async function emptyExtensionTables(session: Session, tables: readonly BackedUpTable[]): Promise<void> {
  const deletions = tables
    .filter((table) => table.kind === "extension")
    .map(({ schema, name, condition }) => `delete from only ${quoteTable({ schema, name })} ${condition || EVERY_ROW}`);
  if (deletions.length === 0) return;
  await session.query(["set local session_replication_role = replica", ...deletions].join(";\n"));
}
