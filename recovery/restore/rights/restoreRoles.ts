import { PLAYED_ROLE, standInOf } from "../../postgres/catalog/standIn.ts";
import {
  type AppRole,
  type AppRoles,
  creation,
  type Membership,
  membershipStatement,
  renamed,
  type RoleSetting,
  roleStatements,
} from "../../postgres/roles/appRoles.ts";
import { listAppRoles, listLendableRoles, readSettings } from "../../postgres/roles/rolesScript.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent } from "../../postgres/session/quote.ts";
import { readRoles } from "./readRoles.ts";

/** The outcome for the roles, and what is left to be done with them. */
export interface MadeRoles {
  /** What is left out of the backup's roles, in sentences. */
  notes: string[];
  /** SQL that was held back, or empty. */
  heldBack: string;
  /** SQL that revokes the memberships lent to the restoring role, and grants it those that the backup holds. */
  settle: string;
}

/** The first major version that keeps a membership for each role that has granted it. Before, any revocation removes it. */
const A_GRANT_EACH_SINCE = 16;

/**
 * Makes the backup's roles and lends them to the restoring role, which has to be a member to make them owners. In place of another state it
 * only makes the missing roles and holds all else back. What is as in the backup already stays as it is.
 *
 * @param inPlaceOf roles that the restoring one had granted itself before
 */
export async function restoreRoles(
  session: Session,
  script: string,
  inPlaceOf?: { granted: readonly string[] },
): Promise<MadeRoles> {
  const { serverMajor } = session;
  const kept = inPlaceOf?.granted ?? [];
  const { roles, refused, own, there, lacking, ungiven } = await planRoles(session, script, kept);
  const memberships = (areReaders: boolean) =>
    lacking.memberships
      .filter(({ member }) => (member === undefined) === areReaders)
      .map((one) => membershipStatement(one, serverMajor));
  const everything = [...roleStatements(lacking), ...memberships(false)].join("\n");
  const first = inPlaceOf === undefined ? everything : lacking.roles.map(creation).join("\n");
  if (first !== "") await session.query(first);
  const isLent = (role: string) =>
    !kept.includes(role) &&
    (serverMajor >= A_GRANT_EACH_SINCE || !there.some((one) => one.role === role && one.member === own));
  const names = (await listLendableRoles(session)).filter(
    (name) => inPlaceOf !== undefined || roles.roles.some((role) => role.name === name),
  );
  const lent = names.filter(isLent).map(quoteIdent).join(", ");
  if (lent !== "") await session.query(`grant ${lent} to current_user`);
  return {
    notes: [
      ...(refused.length === 0 ? [] : [`Left out of the roles, since no backup writes it so: ${refused.join("; ")}.`]),
      ...ungiven,
    ],
    heldBack: inPlaceOf === undefined ? "" : everything,
    settle: [...(lent === "" ? [] : [`revoke ${lent} from current_user;`]), ...memberships(true)].join("\n"),
  };
}

/**
 * The backup's roles as the restoring role makes them, and those of them that are still missing. The restoring role takes the memberships
 * of the role that read the backup.
 */
async function planRoles(session: Session, script: string, kept: readonly string[]) {
  const { roles: read, refused } = readRoles(script);
  const own = await ownName(session);
  const played = standInOf(session) === undefined ? read : renamed(read, PLAYED_ROLE, own);
  const memberships = played.memberships.map((one) => (one.member === own ? { ...one, member: undefined } : one));
  const roles = { ...played, memberships };
  // Memberships that an interrupted run has lent do not count.
  const there = (await membershipsThere(session)).filter(
    (one) => !(one.isOwnGrant && one.member === own && !kept.includes(one.role)),
  );
  const now = await listAppRoles(session);
  const forbidden = await listForbidden(session);
  const permitted = roles.roles.map((one) => {
    return { ...one, attributes: one.attributes.filter((word) => !forbidden.includes(word)) };
  });
  const lacking: AppRoles = {
    ...lackingRoles({ ...roles, roles: permitted }, now, (await readSettings(session)).settings),
    memberships: memberships.filter((one) => !isThere(one, there, own, session.serverMajor)),
  };
  const ungiven = roles.roles.flatMap(({ name, attributes }) => {
    const has = now.find((one) => one.name === name)?.attributes ?? [];
    const words = attributes.filter((word) => forbidden.includes(word) && !has.includes(word));
    if (words.length === 0) return [];
    const what = words.join(" ").toUpperCase();
    return [
      `The role ${name} is without ${what}, which "${session.address.user}" may not give on PostgreSQL ${session.serverMajor}. Let a superuser run: alter role ${quoteIdent(name)} ${words.join(" ")};`,
    ];
  });
  return { roles, refused, own, there, lacking, ungiven };
}

/**
 * Attributes that the connected role may not give. Before version 16 only a superuser may, since then a role that has them. Source: "Notes"
 * in https://www.postgresql.org/docs/current/sql-alterrole.html and the release notes of version 16.
 */
async function listForbidden(session: Session): Promise<string[]> {
  const [row] = await session.query<{ forbidden: string[] }>(
    `select array_remove(array[case when not (rolbypassrls and $1) then 'bypassrls' end, case when not (rolreplication and $1) then 'replication' end,
         case when not rolcreatedb then 'createdb' end], null) as forbidden
       from pg_catalog.pg_roles where rolname = current_user and not rolsuper`,
    [session.serverMajor >= A_GRANT_EACH_SINCE],
  );
  return row?.forbidden ?? [];
}

function lackingRoles(
  wanted: AppRoles,
  roles: readonly AppRole[],
  settings: readonly RoleSetting[],
): Omit<AppRoles, "memberships"> {
  const byName = new Map(roles.map((one) => [one.name, one]));
  const isSo = (one: AppRole) => {
    const now = byName.get(one.name);
    return (
      now !== undefined &&
      one.attributes.every((word) => now.attributes.includes(word)) &&
      (one.connectionLimit ?? now.connectionLimit) === now.connectionLimit &&
      (one.validUntil ?? now.validUntil) === now.validUntil
    );
  };
  const known = new Set(settings.map((one) => JSON.stringify([one.role, one.name, one.value])));
  return {
    roles: wanted.roles.filter((one) => !isSo(one)),
    settings: wanted.settings.filter((one) => !known.has(JSON.stringify([one.role, one.name, one.value]))),
  };
}

interface MembershipThere {
  role: string;
  member: string;
  /** The restoring role has granted it. */
  isOwnGrant: boolean;
  admin: boolean;
  inherit: boolean | null;
  set: boolean | null;
}

async function membershipsThere(session: Session): Promise<MembershipThere[]> {
  return await session.query<MembershipThere>(
    `select granted.rolname::text as role, member.rolname::text as member, pg_catalog.pg_get_userbyid(m.grantor) = current_user as "isOwnGrant",
         m.admin_option as admin, (to_jsonb(m) ->> 'inherit_option')::boolean as inherit, (to_jsonb(m) ->> 'set_option')::boolean as set
       from pg_catalog.pg_auth_members m join pg_catalog.pg_roles granted on granted.oid = m.roleid join pg_catalog.pg_roles member on member.oid = m.member`,
  );
}

/** Whether roles have granted that membership already. A second grant would last beside theirs. */
function isThere(wanted: Membership, there: readonly MembershipThere[], own: string, serverMajor: number): boolean {
  const member = wanted.member ?? own;
  const found = there.filter((one) => one.role === wanted.role && one.member === member);
  const has = (option: "admin" | "inherit" | "set") => found.some((one) => one[option] === true);
  const differs = (option: "admin" | "inherit" | "set", isWanted: boolean) =>
    // The restoring role cannot revoke what others have granted.
    has(option) !== isWanted && (isWanted || found.some((one) => one.isOwnGrant));
  if (found.length === 0) return false;
  const isMaker = wanted.member === undefined && serverMajor >= A_GRANT_EACH_SINCE;
  if (!isMaker && differs("admin", wanted.admin)) return false;
  if (serverMajor < A_GRANT_EACH_SINCE) return true;
  const { inherit, set } = wanted.options ?? { inherit: has("inherit"), set: true };
  return !differs("inherit", inherit) && !differs("set", set);
}

async function ownName(session: Session): Promise<string> {
  const [row] = await session.query<{ name: string }>("select current_user::text as name");
  if (row === undefined) throw new Error("the server does not say who is connected");
  return row.name;
}
