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

/** That one role is a member of another. */
export interface Membership {
  role: string;
  /** Undefined for the role that has read the source, whose place the restoring one takes. */
  member: string | undefined;
  admin: boolean;
  /** Absent where the source is of a version before 16, which knows no such options. */
  options?: { inherit: boolean; set: boolean } | undefined;
}

/** The app's own roles with their settings, and the memberships that one of them has part in. */
export interface AppRoles {
  roles: AppRole[];
  settings: RoleSetting[];
  memberships: Membership[];
}

/** What a role may be made with. Superusers are made without that right, which no customer can hand on. */
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

/** The first major version that knows whether a membership inherits and may be assumed, and in which who makes a role becomes its admin. */
const MEMBERSHIP_OPTIONS_SINCE = 16;

/** Statements that make the roles, without their memberships. They can be run again. */
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

/** A statement that makes the role where there is none. Its body is a literal: a name may hold any word that would end a body in dollars. */
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

/** A statement that makes a role the member of another, in words that a server of that major version takes. */
export function membershipStatement({ role, member, admin, options }: Membership, serverMajor: number): string {
  const isNew = serverMajor >= MEMBERSHIP_OPTIONS_SINCE;
  const words = [
    // Who makes a role is its admin there, and can't become that again by its own hand.
    ...(isNew && member === undefined ? [] : [`admin ${admin}`]),
    ...(options === undefined ? [] : [`inherit ${options.inherit}`, `set ${options.set}`]),
  ];
  let how = admin && (!isNew || member !== undefined) ? " with admin option" : "";
  if (isNew && options !== undefined) how = ` with ${words.join(", ")}`;
  return `grant ${quoteIdent(role)} to ${member === undefined ? "current_user" : quoteIdent(member)}${how};`;
}

/** The same roles where one goes by another name. */
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

/** A literal on one line, so that a script of such statements has a line for each. */
function literal(text: string): string {
  const quoted = quoteLiteral(text).trim();
  if (!/[\n\r]/.test(quoted)) return quoted;
  return `${quoted.startsWith("E") ? "" : "E"}${quoted.replaceAll("\n", "\\n").replaceAll("\r", "\\r")}`;
}
