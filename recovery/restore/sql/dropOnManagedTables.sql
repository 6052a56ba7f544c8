-- Commands that drop the app's triggers and policies on tables that are not the app's.
select format('drop trigger %I on %I.%I', t.tgname, n.nspname, c.relname) as command
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and {{isManagedDataSchema}} and exists (
  select from pg_catalog.pg_proc f
  join pg_catalog.pg_namespace n on n.oid = f.pronamespace
  where f.oid = t.tgfoid and {{isAppSchema}})
union all
select format('drop policy %I on %I.%I', p.policyname, p.schemaname, p.tablename)
from pg_catalog.pg_policies p
where {{isPolicyOnManagedTable}}
