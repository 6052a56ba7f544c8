import { quoteIdent, quoteLiteral } from "../session/quote.ts";

/** One role of the app's own. */
export interface AppRole {
  name: string;
  /** Words of {@link ROLE_ATTRIBUTES}. */
  attributes: string[];
  connectionLimit?: number | undefined;
  /** As the server writes a time. */
  validUntil?: string | undefined;
}

/** A setting of a role in every database. */
export interface RoleSetting {
  role: string;
  name: string;
  /** The elements of a list (settingLists.ts), or one value. */
  value: string[];
}

/** One role's membership in another. */
export interface Membership {
  role: string;
  /** Undefined for the role that read the source, whose place the restoring role takes. */
  member: string | undefined;
  admin: boolean;
  /** Absent if the source is older than version 16, which does not have these options. */
  options?: { inherit: boolean; set: boolean } | undefined;
}

/** The app's roles with their settings, and the memberships that involve one of them. */
export interface AppRoles {
  roles: AppRole[];
  settings: RoleSetting[];
  memberships: Membership[];
}

/** What a role may be created with. Superusers lose that right, which no customer can grant. */
export const ROLE_ATTRIBUTES = [
  "login",
  "nologin",
  "inherit",
  "noinherit",
  "createdb",
  "createrole",
  "bypassrls",
  "replication",
] as const;

/** The first major version with the INHERIT and SET options of a membership, in which the creator of a role becomes its admin. */
const MEMBERSHIP_OPTIONS_SINCE = 16;

/** Statements that create the roles, without their memberships. They can be run again. */
export function roleStatements({ roles, settings }: Omit<AppRoles, "memberships">): string[] {
  return [
    ...roles.map(creation),
    ...roles.map(attributes),
    ...settings.map(
      ({ role, name, value }) =>
        `alter role ${quoteIdent(role)} set ${quoteIdent(name)} to ${value.map(literal).join(", ")};`,
    ),
  ];
}

/** A statement that creates the role if it does not exist. Its body is a literal, since a name may hold any dollar quote. */
export function creation({ name }: Pick<AppRole, "name">): string {
  return `do ${literal(creationBody(name))};`;
}

/** The body of such a statement. */
export function creationBody(name: string): string {
  return `begin if not exists (select from pg_catalog.pg_roles where rolname = ${literal(name)}) then create role ${quoteIdent(name)}; end if; end`;
}

function attributes(role: AppRole): string {
  const words = [
    ...role.attributes,
    ...(role.connectionLimit === undefined ? [] : [`connection limit ${role.connectionLimit}`]),
    ...(role.validUntil === undefined ? [] : [`valid until ${literal(role.validUntil)}`]),
  ];
  return `alter role ${quoteIdent(role.name)} ${words.join(" ")};`;
}

/** A statement that grants a membership, for a server of that major version. */
export function membershipStatement({ role, member, admin, options }: Membership, serverMajor: number): string {
  const isNew = serverMajor >= MEMBERSHIP_OPTIONS_SINCE;
  const words = [
    // The creator of a role is its admin there, and can't grant that to itself again.
    ...(isNew && member === undefined ? [] : [`admin ${admin}`]),
    ...(options === undefined ? [] : [`inherit ${options.inherit}`, `set ${options.set}`]),
  ];
  let how = admin && (!isNew || member !== undefined) ? " with admin option" : "";
  if (isNew && options !== undefined) how = ` with ${words.join(", ")}`;
  return `grant ${quoteIdent(role)} to ${member === undefined ? "current_user" : quoteIdent(member)}${how};`;
}

/** The same roles with one of them renamed. */
export function renamed(roles: AppRoles, from: string, to: string): AppRoles {
  const name = (one: string) => (one === from ? to : one);
  return {
    ...roles,
    memberships: roles.memberships.map(({ role, member, ...how }) => ({
      role: name(role),
      member: member === undefined ? undefined : name(member),
      ...how,
    })),
  };
}

/** A literal on one line, so that a script has one line for each statement. */
function literal(text: string): string {
  const quoted = quoteLiteral(text).trim();
  if (!/[\n\r]/.test(quoted)) return quoted;
  return `${quoted.startsWith("E") ? "" : "E"}${quoted.replaceAll("\n", "\\n").replaceAll("\r", "\\r")}`;
}
