-- Commands that drop foreign keys from tables that lie aside to tables in use.
select format('alter table %s drop constraint %I', k.conrelid::pg_catalog.regclass, k.conname) as command
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class p on p.oid = k.confrelid
join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
where k.contype = 'f' and k.conparentid = 0 and n.nspname like :'aside' and pn.nspname not like :'aside'
