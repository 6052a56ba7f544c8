import type { Session } from "../session/database.ts";
import type { LeftOut } from "./leftOut.ts";
import { OWNED } from "./owners.ts";
import {
  IS_APP_SCHEMA,
  IS_MANAGED_DATA_SCHEMA,
  IS_PLATFORM_SCHEMA,
  MARKER_SCHEMA,
  PLATFORM_OWNERS,
  RECOVERY_SCHEMAS,
} from "./platform.ts";
import { platformColumns } from "./platformColumns.ts";

/** SQL condition on an object: it does not belong to an extension. */
const noMember = (catalog: string, oid: string) =>
  `not exists (select from pg_catalog.pg_depend m where m.classid = ${catalog} and m.objid = ${oid} and m.deptype = 'e')`;

/** SQL for an object's kind and quoted name, with its schema: "function auth.is_admin()". */
const NAME = "(select i.type || ' ' || i.identity from pg_catalog.pg_identify_object(o.class, o.oid, 0) i)";

/** SQL for the schema of an object, `o`: for a policy, trigger, constraint or default that of its table. */
const SCHEMA_OF = `case o.class
  when 'pg_class'::pg_catalog.regclass then (select relnamespace from pg_catalog.pg_class where oid = o.oid and relkind <> 't')
  when 'pg_proc'::pg_catalog.regclass then (select pronamespace from pg_catalog.pg_proc where oid = o.oid)
  when 'pg_type'::pg_catalog.regclass then (select t.typnamespace from pg_catalog.pg_type t left join pg_catalog.pg_class c on c.oid = t.typrelid
    where t.oid = o.oid and coalesce(c.relkind, 'c') = 'c' and t.typtype <> 'm' and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid))
  when 'pg_policy'::pg_catalog.regclass then (select c.relnamespace from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid where p.oid = o.oid)
  when 'pg_trigger'::pg_catalog.regclass then (select c.relnamespace from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
    where t.oid = o.oid and not t.tgisinternal)
  when 'pg_constraint'::pg_catalog.regclass then (select connamespace from pg_catalog.pg_constraint where oid = o.oid)
  when 'pg_attrdef'::pg_catalog.regclass then (select c.relnamespace from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid where d.oid = o.oid)
end`;

/**
 * Objects of the app's that no part of a backup holds, since they lie in a schema of the platform, each with what of the backup needs it
 * directly or through others. A dump takes a schema whole or not at all, and a new project has the platform's. Found by owner, since the
 * platform's services own what they make. Supabase's announcement uses the same criterion: since April 2025 its users create no objects in
 * auth, storage and realtime (https://github.com/orgs/supabase/discussions/34270; rights: https://github.com/supabase/postgres/pull/994).
 *
 * Also found: views and foreign keys of the platform's schemas that depend on the app's, and all of a schema that a role of the platform owns
 * and that is not one of a new project. The text of a function is no dependency.
 */
export async function listPlatformAdditions(session: Session): Promise<LeftOut[]> {
  const rows = await session.query<{ name: string; schema: string; ofPlatform: boolean; neededBy: string[] }>(
    `with recursive owned (class, oid, owner, schema) as (${OWNED.join(" union all ")}),
     app as (select n.oid from pg_catalog.pg_namespace n where ${IS_APP_SCHEMA}),
     others as (select n.oid, n.nspname, ${IS_PLATFORM_SCHEMA} as known from pg_catalog.pg_namespace n
       where n.oid not in (select oid from app) and n.nspname !~ '^pg_' and n.nspname !~ '${RECOVERY_SCHEMAS}'
         and n.nspname not in ('information_schema', '${MARKER_SCHEMA}') and ${noMember("'pg_catalog.pg_namespace'::pg_catalog.regclass", "n.oid")}),
     depending as (select d.classid as class, d.objid as oid from pg_catalog.pg_depend d
       where d.deptype = 'n' and d.classid in ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass) and (
         d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid in (select c.oid from pg_catalog.pg_class c where c.relnamespace in (select oid from app))
         or d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.refobjid in (select p.oid from pg_catalog.pg_proc p where p.pronamespace in (select oid from app)))),
     lost (class, oid, schema) as (
       select w.class::oid, w.oid, w.schema from owned w join others n on n.oid = w.schema
         where ${noMember("w.class", "w.oid")} and (not n.known or pg_catalog.pg_get_userbyid(w.owner) !~ '${PLATFORM_OWNERS}')
           -- Those of the platform's own event triggers, which its init scripts give to postgres.
           and not (w.class = 'pg_proc'::regclass and exists (select from pg_catalog.pg_proc p where p.oid = w.oid and p.prorettype = 'event_trigger'::pg_catalog.regtype))
       union select 'pg_catalog.pg_class'::pg_catalog.regclass::oid, c.oid, c.relnamespace from depending d
         join pg_catalog.pg_rewrite r on d.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = d.oid
         join pg_catalog.pg_class c on c.oid = r.ev_class where c.relnamespace in (select oid from others)
       union select d.class, k.oid, k.connamespace from depending d
         join pg_catalog.pg_constraint k on d.class = 'pg_catalog.pg_constraint'::pg_catalog.regclass and k.oid = d.oid
         where k.connamespace in (select oid from others)),
     needs (root_class, root, class, oid) as (
       select class, oid, class, oid from lost
       union select n.root_class, n.root, next.class, next.oid from needs n cross join lateral (
         select d.classid as class, d.objid as oid from pg_catalog.pg_depend d
           where d.refclassid = n.class and d.refobjid = n.oid and d.deptype in ('n', 'a', 'i')
         union all select 'pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class from pg_catalog.pg_rewrite r
           where n.class = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and r.oid = n.oid) next),
     named as (select root_class, root, ${NAME} as name from needs o where exists (
       select from pg_catalog.pg_namespace n where n.oid = (${SCHEMA_OF})
         and (${IS_APP_SCHEMA} or o.class in ('pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass) and ${IS_MANAGED_DATA_SCHEMA})))
     select ${NAME} as name, n.nspname::text as schema, n.known as "ofPlatform",
       array(select distinct d.name from named d where d.root_class = o.class and d.root = o.oid order by 1) as "neededBy"
     from lost o join others n on n.oid = o.schema order by 1`,
  );
  return [
    // Of a schema that is no project's, only what the backup needs: its tables are counted elsewhere.
    ...rows
      .filter(({ ofPlatform, neededBy }) => ofPlatform || neededBy.length > 0)
      .map(({ name, schema, ofPlatform, neededBy }) => ({
        what: name,
        why: ofPlatform
          ? `a backup holds no definitions of the platform's schema ${schema}: move it into a schema of your own (\`alter … set schema …\`), or create it in a new project before a restore`
          : `schema ${schema} belongs to a role of the platform: create it in a new project before a restore`,
        ...(neededBy.length > 0 && { neededBy }),
      })),
    ...(await listAddedColumns(session)),
  ];
}

/** Columns of auth.users that the platform is not known to have. Columns have no owner. */
async function listAddedColumns(session: Session): Promise<LeftOut[]> {
  const rows = await session.query<{ name: string }>(
    `select format('column auth.users.%I', a.attname) as name
       from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'auth' and c.relname = 'users' and a.attnum > 0 and not a.attisdropped and a.attname <> all ($1) order by a.attnum`,
    [platformColumns("auth.users")?.map((column) => column.name)],
  );
  return rows.map(({ name }) => ({
    what: `the definition of ${name}`,
    why: "the platform is not known to have this column. The backup has its values, and a new project may lack it",
  }));
}
