-- What lies outside of the app's schemas and depends on an object of the app, so that it would be dropped with that. A replacement makes
-- again what the app has on the platform's tables, publications and event triggers.
with recursive members as (
  select m.classid, m.objid from pg_catalog.pg_depend m where m.deptype = 'e'
), ours as (
  select d.classid, d.objid
  from pg_catalog.pg_depend d
  join pg_catalog.pg_namespace n on n.oid = d.refobjid
  where d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and {{isAppSchema}}
    and (d.classid, d.objid) not in (select classid, objid from members)
  union
  -- Row types, rules, constraints, indexes and policies of what is the app's.
  select d.classid, d.objid
  from ours
  join pg_catalog.pg_depend d on d.refclassid = ours.classid and d.refobjid = ours.objid and d.deptype in ('i', 'a')
), outside as (
  select distinct d.classid, d.objid
  from ours
  join pg_catalog.pg_depend d on d.refclassid = ours.classid and d.refobjid = ours.objid and d.deptype = 'n'
  where (d.classid, d.objid) not in (select classid, objid from ours)
    and (d.classid, d.objid) not in (select classid, objid from members)
    and d.classid <> all (array['pg_catalog.pg_cast', 'pg_catalog.pg_event_trigger', 'pg_catalog.pg_publication_rel',
      'pg_catalog.pg_publication_namespace', 'pg_catalog.pg_extension']::pg_catalog.regclass[])
)
select case d.classid
    when 'pg_catalog.pg_rewrite'::pg_catalog.regclass then (
      select pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class, 0)
      from pg_catalog.pg_rewrite r
      where r.oid = d.objid)
    else pg_catalog.pg_describe_object(d.classid, d.objid, 0)
  end as what
from outside d
where not exists (
    select from pg_catalog.pg_policy o
    join pg_catalog.pg_class c on c.oid = o.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_policies p on p.schemaname = n.nspname and p.tablename = c.relname and p.policyname = o.polname
    where d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and o.oid = d.objid and {{isPolicyOnManagedTable}})
  and not exists (
    select from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and t.oid = d.objid and {{isManagedDataSchema}})
order by 1
