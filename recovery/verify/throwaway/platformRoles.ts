import { randomBytes } from "node:crypto";

import { UserError } from "../../../services/common/errors.ts";
import { PLAYED_ROLE } from "../../postgres/catalog/standIn.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import { markOf, type Throwaway } from "../../postgres/session/throwawayPostgres.ts";
import { MEMBERSHIP_OPTIONS_SINCE, membershipSql, PUBLISHED_ROLES, publishedMemberships } from "./publishedPlatform.ts";

/** The logins of a throwaway database in addition to its administrator. */
export interface ThrowawayLogins {
  /** Connection string of the role that restores, which is not a superuser. */
  targetUrl: string;
  /** Its name: `postgres`, as on Supabase. If the server already has that role, the throwaway's own (standIn.ts). */
  restorer: string;
  /**
   * Connection string of the role that Supabase's API logs in as. Absent if the scratch server already has it, with an unknown password.
   */
  authenticatorUrl: string | undefined;
}

const AUTHENTICATOR = "authenticator";
/** The first PostgreSQL version that supports these grants. */
const PARAMETER_RIGHTS_SINCE = 15;

/**
 * Creates the roles of a Supabase project that the server lacks, each marked as the throwaway's, so that only these are removed. Runs in a
 * transaction of the administrator.
 */
export async function makePlatformRoles(session: Session, throwaway: Throwaway): Promise<ThrowawayLogins> {
  const there = new Set(
    (await session.query<{ name: string }>("select rolname as name from pg_catalog.pg_roles")).map(({ name }) => name),
  );
  const make = async (name: string, attributes: string): Promise<string> => {
    const password = randomBytes(24).toString("base64url");
    await session.query(
      `create role ${quoteIdent(name)} ${attributes} password ${quoteLiteral(password)};
       comment on role ${quoteIdent(name)} is ${quoteLiteral(markOf(throwaway.name))}`,
    );
    return urlFor(throwaway, name, password);
  };
  let authenticatorUrl: string | undefined;
  for (const { name, attributes } of PUBLISHED_ROLES.filter((one) => !there.has(one.name))) {
    // Only the API's role: no other one logs in here.
    const url = await make(name, `${name === AUTHENTICATOR ? "login" : "nologin"} ${attributes}`);
    if (name === AUTHENTICATOR) authenticatorUrl = url;
  }
  const restorer = there.has(PLAYED_ROLE) ? throwaway.name : PLAYED_ROLE;
  const targetUrl = await makeRestorer(session, restorer, make);
  await grantMemberships(session, there, restorer);
  return { targetUrl, restorer, authenticatorUrl };
}

/**
 * Creates the role that restores, with the rights of Supabase's `postgres`. It is never a superuser, since functions of the backup run as
 * it.
 *
 * @throws UserError if only a superuser could restore on this server
 */
async function makeRestorer(
  session: Session,
  name: string,
  make: (name: string, attributes: string) => Promise<string>,
): Promise<string> {
  if (session.serverMajor < PARAMETER_RIGHTS_SINCE)
    throw new UserError(
      `A test restore needs PostgreSQL ${PARAMETER_RIGHTS_SINCE} or newer, and this server is version ${session.serverMajor}. In older versions only a superuser can restore, and functions of the backup would run as one. Upgrade the source to version ${PARAMETER_RIGHTS_SINCE}, or test with \`castchat-recovery drill\`.`,
    );
  const url = await make(name, "login nosuperuser createdb createrole replication bypassrls");
  await session.query(`grant set on parameter session_replication_role to ${quoteIdent(name)}`);
  return url;
}

/** Grants memberships among the roles that were just created. */
async function grantMemberships(session: Session, there: ReadonlySet<string>, restorer: string): Promise<void> {
  // In older versions a role that inherits from another may also become it. There ownManagedTables does what is needed.
  const isNew = session.serverMajor >= MEMBERSHIP_OPTIONS_SINCE;
  for (const membership of publishedMemberships(restorer, session.serverMajor)) {
    const { member, inherit, set } = membership;
    if (there.has(member) || !(isNew || set || !inherit)) continue;
    await session.query(membershipSql(membership, quoteIdent(member), session.serverMajor));
  }
}

/**
 * Before version 16, the role that restores can't inherit from the owners of the platform's tables without being able to become them. It
 * owns the tables itself there.
 */
export async function ownManagedTables(session: Session, restorer: string): Promise<void> {
  if (session.serverMajor >= MEMBERSHIP_OPTIONS_SINCE) return;
  const commands = await session.query<{ command: string }>(
    `select format('alter table %I.%I owner to %I', n.nspname, c.relname, $1::text) as command
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname in ('auth', 'storage', 'realtime') order by 1`,
    [restorer],
  );
  if (commands.length > 0) await session.query(commands.map(({ command }) => command).join("; "));
}

function urlFor(throwaway: Throwaway, user: string, password: string): string {
  const url = new URL(throwaway.adminUrl);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}
