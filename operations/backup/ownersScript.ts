import type { Session } from "../../clients/database.ts";
import { IS_APP_SCHEMA, PLATFORM_OWNERS } from "../database/platform.ts";

/** Catalogs of what has an owner and lies in a schema. */
const OWNED = [
  // A sequence of a column follows its table; so does an index, and what a table keeps beside its rows.
  `select 'pg_class'::regclass, c.oid, c.relowner, c.relnamespace from pg_class c
     where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relpersistence <> 't' and not (c.relkind = 'S' and exists (
       select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')))`,
  "select 'pg_proc'::regclass, oid, proowner, pronamespace from pg_proc",
  // Row types follow their tables, array types their elements, multiranges their ranges.
  `select 'pg_type'::regclass, t.oid, t.typowner, t.typnamespace from pg_type t left join pg_class c on c.oid = t.typrelid
     where t.typtype <> 'm' and coalesce(c.relkind, 'c') = 'c' and not exists (select from pg_type e where e.typarray = t.oid)`,
  "select 'pg_operator'::regclass, oid, oprowner, oprnamespace from pg_operator",
  "select 'pg_opclass'::regclass, oid, opcowner, opcnamespace from pg_opclass",
  "select 'pg_opfamily'::regclass, oid, opfowner, opfnamespace from pg_opfamily",
  "select 'pg_collation'::regclass, oid, collowner, collnamespace from pg_collation",
  "select 'pg_conversion'::regclass, oid, conowner, connamespace from pg_conversion",
  "select 'pg_statistic_ext'::regclass, oid, stxowner, stxnamespace from pg_statistic_ext",
  "select 'pg_ts_config'::regclass, oid, cfgowner, cfgnamespace from pg_ts_config",
  "select 'pg_ts_dict'::regclass, oid, dictowner, dictnamespace from pg_ts_dict",
];

const IS_OTHER = `o.rolname <> current_user and o.rolname !~ '${PLATFORM_OWNERS}' and o.rolname <> 'pg_database_owner'`;

/**
 * SQL, a line a statement, that gives the app's objects the owners that they have where those aren't the reading role, which
 * will be the restoring one. To become an owner a role needs CREATE on the schema, so it gets that for the moment: rights are granted
 * after owners, as they hang on them.
 */
export async function ownersScript(session: Session): Promise<string[]> {
  const rows = await session.query<{ line: string }>(
    `with owned (class, oid, owner, schema) as (${OWNED.join(" union all ")}),
     others as (
       select i.type, case when class = 'pg_proc'::regclass then w.oid::regprocedure::text else i.identity end as identity, o.rolname, n.oid as schema
       from owned w join pg_namespace n on n.oid = w.schema join pg_roles o on o.oid = w.owner cross join pg_identify_object(w.class, w.oid, 0) i
       where ${IS_APP_SCHEMA} and ${IS_OTHER}
         and not exists (select from pg_depend m where m.classid = w.class and m.objid = w.oid and m.deptype = 'e')
     ), lent as (
       select distinct format('%I', n.nspname) as schema, rolname from others join pg_namespace n on n.oid = others.schema
       where rolname <> pg_get_userbyid(n.nspowner)
     )
     select line from (
       select 1 as pass, format('alter schema %I owner to %I;', n.nspname, o.rolname) as line
         from pg_namespace n join pg_roles o on o.oid = n.nspowner where ${IS_APP_SCHEMA} and ${IS_OTHER}
       union all select 2, format('grant create on schema %s to %I;', schema, rolname) from lent
       union all select 3, format('alter %s %s owner to %I;', case type when 'function' then 'routine' when 'procedure' then 'routine' when 'aggregate' then 'routine'
         when 'statistics object' then 'statistics' else type end, identity, rolname) from others
       union all select 4, format('revoke create on schema %s from %I;', schema, rolname) from lent
       -- A restore of definitions alone has none.
       union all select 5, format('do $owner$ begin if exists (select from pg_catalog.pg_largeobject_metadata where oid = %s) then alter large object %s owner to %I; end if; end $owner$;',
         l.oid, l.oid, o.rolname) from pg_largeobject_metadata l join pg_roles o on o.oid = l.lomowner where ${IS_OTHER}
     ) lines order by pass, line`,
  );
  return rows.map((row) => row.line);
}
