import { IS_APP_SCHEMA } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";

/** SQL: the kind of object of `pg_default_acl d`, as ALTER DEFAULT PRIVILEGES names it. */
const KIND_OF_DEFAULT = `case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
  when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end`;

/**
 * Revokes what the target grants by default: its default privileges give `anon` rights that the source never granted, and its schema public
 * may be open to more roles. The backup then brings the source's own.
 *
 * Default privileges in a schema only add to what PostgreSQL grants. Those of no schema replace it, so revoking them would leave even the
 * owner without a right. They are set to what PostgreSQL grants, which is as if they had never been altered.
 */
export async function revokeDefaults(session: Session): Promise<void> {
  const builtIn = await session.query<{ command: string }>(
    `select distinct format('alter default privileges for role %I grant %s on %s to %s', pg_catalog.pg_get_userbyid(d.defaclrole),
         a.privilege_type, ${KIND_OF_DEFAULT}, coalesce(quote_ident(r.rolname), 'public')) as command
       from pg_catalog.pg_default_acl d
       cross join pg_catalog.aclexplode(pg_catalog.acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole)) a
       left join pg_catalog.pg_roles r on r.oid = a.grantee
       where d.defaclrole = (select oid from pg_catalog.pg_roles where rolname = current_user) and d.defaclnamespace = 0`,
  );
  const commands = await session.query<{ command: string }>(
    `select distinct format('alter default privileges for role %I %s revoke all on %s from %s', pg_catalog.pg_get_userbyid(d.defaclrole),
         case when n.oid is null then '' else format('in schema %I', n.nspname) end,
         ${KIND_OF_DEFAULT},
         coalesce(quote_ident(r.rolname), 'public')) as command
       from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
       cross join pg_catalog.aclexplode(d.defaclacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee
       where d.defaclrole = (select oid from pg_catalog.pg_roles where rolname = current_user) and (n.oid is null or ${IS_APP_SCHEMA})
     union all
     select distinct format('revoke all on schema %I from %I', n.nspname, r.rolname)
       from pg_catalog.pg_namespace n cross join pg_catalog.aclexplode(n.nspacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
       where ${IS_APP_SCHEMA} and a.grantee <> n.nspowner`,
  );
  const all = [...commands, ...builtIn];
  if (all.length > 0) await session.query(all.map((row) => row.command).join(";\n"));
}
