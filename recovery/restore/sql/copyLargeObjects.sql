-- Copies every large object, with the rights that others have on it.
create table :"schema".:"table" as
select m.oid as id, pg_catalog.lo_get(m.oid) as content, array(
    select format('%s on large object %s to %s', a.privilege_type, m.oid, coalesce(quote_ident(r.rolname), 'public'))
    from pg_catalog.aclexplode(m.lomacl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> m.lomowner
  ) as grants
from pg_catalog.pg_largeobject_metadata m
