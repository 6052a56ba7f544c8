-- The app's tables, the users and the storage objects, as far as the role may read them.
select format('%I.%I', n.nspname, c.relname) as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and {{relationIsNoMember}}
  and ({{isAppSchema}} or n.nspname || '.' || c.relname in ('auth.users', 'storage.objects'))
  and pg_catalog.has_table_privilege(c.oid, 'select')
order by 1
