-- Tables of auth and storage that the role may delete from, without those named by $1.
select n.nspname as schema, c.relname as name
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and {{isManagedDataSchema}}
  and n.nspname || '.' || c.relname <> all ($1::text[]) and pg_catalog.has_table_privilege(c.oid, 'delete')
order by 1, 2
