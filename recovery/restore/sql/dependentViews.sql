-- Filled materialized views that read the selected tables, directly or by another view, and whether the connected role may refresh them.
with recursive dependents as (
  select oid from {{selectedTables}} selected
  union
  select r.ev_class
  from dependents
  join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refobjid = dependents.oid and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  join pg_catalog.pg_rewrite r on r.oid = d.objid
)
select n.nspname as schema, c.relname as name, pg_catalog.pg_has_role(c.relowner, 'usage') as ours
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and c.relispopulated and c.oid in (select oid from dependents)
