import { IS_OTHER, IS_OTHER_OF_SCHEMA, OWNED } from "../catalog/owners.ts";
import { IS_APP_SCHEMA } from "../catalog/platform.ts";
import type { Session } from "../session/database.ts";

/**
 * SQL, one statement a line, that sets the owners of the app's objects that differ from the reading role, whose place the restoring role
 * takes. A new owner needs CREATE on the schema, so it gets that right for a moment. Rights are granted after owners, since they depend on
 * them.
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
         from pg_namespace n join pg_roles o on o.oid = n.nspowner where ${IS_APP_SCHEMA} and ${IS_OTHER_OF_SCHEMA}
       union all select 2, format('grant create on schema %s to %I;', schema, rolname) from lent
       union all select 3, format('alter %s %s owner to %I;', case type when 'function' then 'routine' when 'procedure' then 'routine' when 'aggregate' then 'routine'
         when 'statistics object' then 'statistics' else type end, identity, rolname) from others
       union all select 4, format('revoke create on schema %s from %I;', schema, rolname) from lent
       -- A restore of only definitions has none.
       -- The body is a literal: a role's name may hold what would end one in dollars.
       union all select 5, format('do %L;', format('begin if exists (select from pg_catalog.pg_largeobject_metadata where oid = %s) then alter large object %s owner to %I; end if; end',
         l.oid, l.oid, o.rolname)) from pg_largeobject_metadata l join pg_roles o on o.oid = l.lomowner where ${IS_OTHER}
     ) lines order by pass, line`,
  );
  return rows.map((row) => row.line);
}
