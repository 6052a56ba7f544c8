-- Materialized views that read a foreign table, directly, by a view or as a part of another table.
with recursive reading as (
  select c.oid
  from pg_catalog.pg_class c
  where c.relkind = 'f'
  union
  select next.oid
  from reading
  cross join lateral (
    select i.inhparent as oid
    from pg_catalog.pg_inherits i
    where i.inhrelid = reading.oid
    union all
    select r.ev_class
    from pg_catalog.pg_depend d
    join pg_catalog.pg_rewrite r on r.oid = d.objid
    where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = reading.oid
      and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass) next
)
select n.nspname as schema, c.relname as name
from reading
join pg_catalog.pg_class c on c.oid = reading.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm'
