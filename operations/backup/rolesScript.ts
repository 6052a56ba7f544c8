import type { Session } from "../../clients/database.ts";
import { PLATFORM_ROLES } from "../database/platform.ts";

/**
 * SQL that makes the app's own roles, their settings and memberships. It can be run again. Passwords are not in it: a
 * managed database gives none out. Superusers are made without that right, which no customer can hand on.
 */
export async function rolesScript(session: Session): Promise<string> {
  const rows = await session.query<{ line: string }>(
    `with own as (select * from pg_catalog.pg_roles where rolname !~ '${PLATFORM_ROLES}')
     select line from (
       select 1 as pass, rolname as name, format(
         'do $role$ begin if not exists (select from pg_catalog.pg_roles where rolname = %L) then create role %I; end if; end $role$;', rolname, rolname) as line
       from own
       union all
       select 2, rolname, format('alter role %I %s;', rolname, concat_ws(' ',
         case when rolcanlogin then 'login' else 'nologin' end,
         case when rolinherit then 'inherit' else 'noinherit' end,
         case when rolcreatedb then 'createdb' end, case when rolcreaterole then 'createrole' end,
         case when rolbypassrls then 'bypassrls' end, case when rolreplication then 'replication' end,
         case when rolconnlimit >= 0 then format('connection limit %s', rolconnlimit) end,
         case when rolvaliduntil is not null then format('valid until %L', rolvaliduntil) end))
       from own
       union all
       select 3, o.rolname, format('alter role %I set %I to %s;', o.rolname, split_part(setting, '=', 1),
         case when split_part(setting, '=', 1) in ('search_path', 'session_preload_libraries', 'temp_tablespaces')
           then nullif(substr(setting, strpos(setting, '=') + 1), '') else format('%L', substr(setting, strpos(setting, '=') + 1)) end)
       from own o cross join unnest(o.rolconfig) as setting
       union all
       select 4, member.rolname, format('grant %I to %I%s;', granted.rolname, member.rolname,
         -- Servers before 16 know of a membership no more than whether it may be passed on, and newer ones understand that too.
         case when to_jsonb(m) ? 'inherit_option' then format(' with admin %s, inherit %s, set %s', m.admin_option::text, to_jsonb(m) ->> 'inherit_option', to_jsonb(m) ->> 'set_option')
           when m.admin_option then ' with admin option' end)
       from pg_catalog.pg_auth_members m
       join pg_catalog.pg_roles granted on granted.oid = m.roleid
       join pg_catalog.pg_roles member on member.oid = m.member
       where (granted.rolname !~ '${PLATFORM_ROLES}' or member.rolname !~ '${PLATFORM_ROLES}')
         and member.rolname <> current_user and member.rolname !~ '^supabase_'
     ) lines where line is not null order by pass, name, line`,
  );
  return ["-- The app's own roles, without passwords.", ...rows.map((row) => row.line), ""].join("\n");
}

/** Roles of the app that exist, sorted. */
export async function listOwnRoles(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select rolname as name from pg_catalog.pg_roles where rolname !~ '${PLATFORM_ROLES}' order by 1`,
  );
  return rows.map((row) => row.name);
}
