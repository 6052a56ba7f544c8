-- Default privileges that the connected role may change: those of no schema, and those in the app's schemas.
select pg_catalog.pg_get_userbyid(d.defaclrole)::text as role, n.nspname::text as schema, d.defaclobjtype as kind, (
    select coalesce(
      json_agg(json_build_object('grantee', r.rolname, 'privilege', a.privilege_type, 'grantable', a.is_grantable)), '[]')
    from pg_catalog.aclexplode(d.defaclacl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
  ) as grants
from pg_catalog.pg_default_acl d
left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
where pg_catalog.pg_has_role(d.defaclrole, 'usage') and pg_catalog.pg_get_userbyid(d.defaclrole) !~ {{platformOwners}}
  and (n.oid is null or {{isAppSchema}})
order by 1, 2, 3
