-- Materialized views, each after those that it reads according to the catalog.
with recursive needs as (
  select distinct r.ev_class as view, d.refobjid as other
  from pg_catalog.pg_rewrite r
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
  join pg_catalog.pg_class c on c.oid = d.refobjid and c.relkind in ('v', 'm')
), depths as (
  select oid as view, 0 as depth from pg_catalog.pg_class where relkind in ('v', 'm')
  union
  select needs.view, depths.depth + 1 from needs join depths on depths.view = needs.other
)
select n.nspname as schema, c.relname as name
from depths
join pg_catalog.pg_class c on c.oid = depths.view and c.relkind = 'm'
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
group by 1, 2
order by max(depth), 1, 2
