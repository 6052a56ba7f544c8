import type { LeftOut } from "../catalog/leftOut.ts";
import { PLATFORM_ROLES } from "../catalog/platform.ts";
import type { Session } from "../session/database.ts";
import {
  type AppRole,
  type AppRoles,
  type Membership,
  membershipStatement,
  type RoleSetting,
  roleStatements,
} from "./appRoles.ts";
import { isSettingList, splitSettingList } from "./settingLists.ts";

/**
 * First line of a script in which every value is a literal. A script without it is from an earlier version, in which the values of some
 * settings are written as the server keeps them.
 */
export const ROLES_HEADER = "-- The app's own roles, without passwords; every value is a literal.";

/**
 * SQL that creates the app's roles, their settings and memberships, one statement a line, and the settings whose value can't be written
 * down. It can be run again. It has no passwords, which a managed database never returns. Superusers lose that right, which no customer can
 * grant.
 */
export async function rolesScript(session: Session): Promise<{ script: string; leftOut: LeftOut[] }> {
  const { settings, leftOut } = await readSettings(session);
  const roles: AppRoles = { roles: await listAppRoles(session), settings, memberships: await readMemberships(session) };
  const lines = [
    ROLES_HEADER,
    ...roleStatements(roles),
    ...roles.memberships.map((one) => membershipStatement(one, session.serverMajor)),
  ];
  return { script: [...lines, ""].join("\n"), leftOut };
}

/** The app's roles, sorted. */
export async function listAppRoles(session: Session): Promise<AppRole[]> {
  const rows = await session.query<{ name: string; attributes: string[]; limit: number; until: string | null }>(
    `select rolname::text as name, rolconnlimit as limit, rolvaliduntil::text as until, array_remove(array[
         case when rolcanlogin then 'login' else 'nologin' end, case when rolinherit then 'inherit' else 'noinherit' end,
         case when rolcreatedb then 'createdb' end, case when rolcreaterole then 'createrole' end,
         case when rolbypassrls then 'bypassrls' end, case when rolreplication then 'replication' end], null) as attributes
       from pg_catalog.pg_roles where rolname !~ '${PLATFORM_ROLES}' order by 1`,
  );
  return rows.map(({ name, attributes, limit, until }) => ({
    name,
    attributes,
    connectionLimit: limit < 0 ? undefined : limit,
    validUntil: until ?? undefined,
  }));
}

/** The roles' settings, and those that can't be written down. */
export async function readSettings(session: Session): Promise<{ settings: RoleSetting[]; leftOut: LeftOut[] }> {
  const rows = await session.query<{ role: string; name: string; value: string }>(
    `select r.rolname::text as role, split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value
       from pg_catalog.pg_roles r cross join unnest(r.rolconfig) as setting where r.rolname !~ '${PLATFORM_ROLES}' order by 1, 2`,
  );
  const settings: RoleSetting[] = [];
  const leftOut: LeftOut[] = [];
  for (const { role, name, value } of rows) {
    const read = isSettingList(name) ? splitSettingList(name, value) : [value];
    if (read !== undefined) settings.push({ role, name, value: read });
    else
      leftOut.push({
        what: `setting ${name} of role ${role}`,
        why: "PostgreSQL can't read its value as a list: correct it with ALTER ROLE … SET, or RESET it",
        failed: true,
      });
  }
  return { settings, leftOut };
}

/** A membership that several roles have granted is listed once, with all options that they have granted. */
async function readMemberships(session: Session): Promise<Membership[]> {
  const rows = await session.query<{
    role: string;
    member: string;
    is_reader: boolean;
    admin: boolean;
    inherit: boolean | null;
    set: boolean | null;
  }>(
    `select granted.rolname::text as role, member.rolname::text as member, member.rolname = current_user as is_reader,
         bool_or(m.admin_option) as admin, bool_or((to_jsonb(m) ->> 'inherit_option')::boolean) as inherit, bool_or((to_jsonb(m) ->> 'set_option')::boolean) as set
       from pg_catalog.pg_auth_members m
       join pg_catalog.pg_roles granted on granted.oid = m.roleid
       join pg_catalog.pg_roles member on member.oid = m.member
       where (granted.rolname !~ '${PLATFORM_ROLES}' or member.rolname !~ '${PLATFORM_ROLES}') and member.rolname !~ '^supabase_'
       group by 1, 2, 3 order by 2, 1`,
  );
  return rows.flatMap(({ role, member, is_reader, admin, inherit, set }): Membership[] => {
    const options = inherit === null || set === null ? undefined : { inherit, set };
    const isPlatform = new RegExp(PLATFORM_ROLES).test(member);
    if (!(is_reader && isPlatform)) return [{ role, member, admin, options }];
    // The creator of a role has exactly this much by default.
    if (options !== undefined && !options.inherit && !options.set) return [];
    return [{ role, member: undefined, admin, options }];
  });
}

/**
 * The roles of the app that the connected role may grant, sorted. Before version 16 a role with CREATEROLE may grant any. Since then it
 * must be their admin, for instance because it created them.
 */
export async function listLendableRoles(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select rolname::text as name from pg_catalog.pg_roles where rolname !~ '${PLATFORM_ROLES}'
       and (pg_catalog.current_setting('server_version_num')::int < 160000 or pg_catalog.pg_has_role(oid, 'member with admin option')) order by 1`,
  );
  return rows.map((row) => row.name);
}

/** Roles of the app that exist, sorted. */
export async function listOwnRoles(session: Session): Promise<string[]> {
  return (await listAppRoles(session)).map(({ name }) => name);
}
