-- Up to five things in a database that a restore would mix with or overwrite.
select format('%s.%s', n.nspname, c.relname) as what
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and {{isAppSchema}} and {{relationIsNoMember}}
union all
select format('function %s', p.oid::pg_catalog.regprocedure)
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where {{isAppSchema}} and {{functionIsNoMember}}
union all
select format('type %s', t.oid::pg_catalog.regtype)
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typtype in ('e', 'd', 'r') and {{isAppSchema}} and {{typeIsNoMember}}
order by 1
limit 5
