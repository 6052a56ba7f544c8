-- Commands that revoke rights of the app's own roles on tables and schemas that are not the app's.
select distinct format('revoke all on %I.%I from %I', n.nspname, c.relname, r.rolname) as command
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join pg_catalog.aclexplode(c.relacl) a
join pg_catalog.pg_roles r on r.oid = a.grantee
where c.relkind in ('r', 'p', 'v', 'm') and {{isManagedDataSchema}} and r.rolname !~ {{platformRoles}}
union all
select distinct format('revoke usage on schema %I from %I', n.nspname, r.rolname)
from pg_catalog.pg_namespace n
cross join pg_catalog.aclexplode(n.nspacl) a
join pg_catalog.pg_roles r on r.oid = a.grantee
where {{isManagedDataSchema}} and a.privilege_type = 'USAGE' and r.rolname !~ {{platformRoles}}
