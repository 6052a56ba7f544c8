-- What can neither be moved nor renamed, so that it could not be put back exactly.
select format('the cast from %s to %s', c.castsource::pg_catalog.regtype, c.casttarget::pg_catalog.regtype) as what
from pg_catalog.pg_cast c
where c.oid >= 16384
  and not exists (
    select from pg_catalog.pg_depend m
    where m.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass and m.objid = c.oid and m.deptype = 'e')
  and not exists (
    select from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.oid in (c.castsource, c.casttarget) and {{isAppSchema}})
union all
select format('the language %I', l.lanname)
from pg_catalog.pg_language l
where l.oid >= 16384
  and not exists (
    select from pg_catalog.pg_depend m
    where m.classid = 'pg_catalog.pg_language'::pg_catalog.regclass and m.objid = l.oid and m.deptype = 'e')
union all
select format('the access method %I', a.amname)
from pg_catalog.pg_am a
where a.oid >= 16384
  and not exists (
    select from pg_catalog.pg_depend m
    where m.classid = 'pg_catalog.pg_am'::pg_catalog.regclass and m.objid = a.oid and m.deptype = 'e')
union all
select format('the subscription %I', s.subname)
from pg_catalog.pg_stat_subscription s
where s.subname is not null
union all
select format('%s, which the restoring role does not own', c.oid::pg_catalog.regclass)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and {{isAppSchema}} and not pg_catalog.pg_has_role(c.relowner, 'usage')
  and n.nspname = 'public'
  and not exists (select from pg_catalog.pg_depend m where m.objid = c.oid and m.deptype = 'e')
union all
-- Its constructor functions belong to the server's superuser, whichever role has made it, so that no other role can move them.
select format('the range type %s', t.oid::pg_catalog.regtype)
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typtype = 'r' and {{isAppSchema}} and (n.nspname = 'public' or {{hasMembers}}) and {{typeIsNoMember}}
order by 1
