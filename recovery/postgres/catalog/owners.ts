import { PLATFORM_OWNERS } from "./platform.ts";

/** Queries of objects that have an owner and lie in a schema: catalog, oid, owner, schema. */
export const OWNED: readonly string[] = [
  // A column's sequence follows its table, and so do indexes and TOAST tables.
  `select 'pg_class'::regclass, c.oid, c.relowner, c.relnamespace from pg_class c
     where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relpersistence <> 't' and not (c.relkind = 'S' and exists (
       select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')))`,
  "select 'pg_proc'::regclass, oid, proowner, pronamespace from pg_proc",
  // Row types follow their tables, array types their elements, multiranges their ranges.
  `select 'pg_type'::regclass, t.oid, t.typowner, t.typnamespace from pg_type t left join pg_class c on c.oid = t.typrelid
     where t.typtype <> 'm' and coalesce(c.relkind, 'c') = 'c' and not exists (select from pg_type e where e.typarray = t.oid)`,
  // Not one that only another operator has named, as its negator: SQL can't name it.
  "select 'pg_operator'::regclass, oid, oprowner, oprnamespace from pg_operator where oprcode <> 0",
  "select 'pg_opclass'::regclass, oid, opcowner, opcnamespace from pg_opclass",
  "select 'pg_opfamily'::regclass, oid, opfowner, opfnamespace from pg_opfamily",
  "select 'pg_collation'::regclass, oid, collowner, collnamespace from pg_collation",
  "select 'pg_conversion'::regclass, oid, conowner, connamespace from pg_conversion",
  "select 'pg_statistic_ext'::regclass, oid, stxowner, stxnamespace from pg_statistic_ext",
  "select 'pg_ts_config'::regclass, oid, cfgowner, cfgnamespace from pg_ts_config",
  "select 'pg_ts_dict'::regclass, oid, dictowner, dictnamespace from pg_ts_dict",
];

/** SQL condition on an owner, `pg_roles o`: neither the connected role nor the platform. */
export const IS_OTHER = `o.rolname <> current_user and o.rolname !~ '${PLATFORM_OWNERS}'`;

/** The same for the owner of a schema. PostgreSQL gives `public` to pg_database_owner in every database. */
export const IS_OTHER_OF_SCHEMA = `${IS_OTHER} and o.rolname <> 'pg_database_owner'`;

/** Owners of the app's objects that differ from the reading role: name, role. */
export const OTHER_OWNERS = (isAppSchema: string): string => `
  select format('owner of %s %s', i.type, case when w.class = 'pg_proc'::regclass then w.oid::regprocedure::text else i.identity end), o.rolname::text
    from (${OWNED.join(" union all ")}) w (class, oid, owner, schema) join pg_namespace n on n.oid = w.schema join pg_roles o on o.oid = w.owner
    cross join pg_identify_object(w.class, w.oid, 0) i
    where ${isAppSchema} and ${IS_OTHER} and not exists (select from pg_depend m where m.classid = w.class and m.objid = w.oid and m.deptype = 'e')
  union all
  select format('owner of schema %I', n.nspname), o.rolname::text from pg_namespace n join pg_roles o on o.oid = n.nspowner
    where ${isAppSchema} and ${IS_OTHER_OF_SCHEMA}`;
