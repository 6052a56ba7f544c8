import { randomBytes } from "node:crypto";
import type { Session } from "../../../clients/database.ts";
import { markOf } from "../../../clients/throwawayPostgres.ts";
import type { Throwaway } from "../../../clients/throwawayPostgres.ts";
import { quoteIdent, quoteLiteral } from "../../database/quote.ts";

/** Who works in a throwaway database beside its administrator. */
export interface ThrowawayLogins {
  /** Connection string of the role that restores: `postgres`, as on Supabase, wherever that can be had. */
  targetUrl: string;
  /** Connection string of the role that Supabase's API logs in as; absent where the scratch server has its own, whose password is not ours. */
  authenticatorUrl: string | undefined;
}

const OWNER = "postgres";
/** Roles of every Supabase project, and what they may. */
const PLATFORM: readonly [name: string, attributes: string][] = [
  ["anon", "nologin noinherit"],
  ["authenticated", "nologin noinherit"],
  ["service_role", "nologin noinherit bypassrls"],
  ["authenticator", "login noinherit"],
  ["supabase_auth_admin", "nologin noinherit createrole"],
  ["supabase_storage_admin", "nologin noinherit createrole"],
  ["supabase_realtime_admin", "nologin noinherit"],
];
/** The first versions that know these grants. */
const MEMBERSHIP_OPTIONS_SINCE = 16;
const PARAMETER_RIGHTS_SINCE = 15;

/**
 * Makes the roles of a Supabase project that the server lacks, each with the throwaway's mark, so that its removal takes away
 * these and no others. Within a transaction of the administrator.
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
  for (const [name, attributes] of PLATFORM.filter(([one]) => !there.has(one))) {
    const url = await make(name, attributes);
    if (name === "authenticator") authenticatorUrl = url;
  }
  const targetUrl = await makeRestorer(session, throwaway, there, make);
  await grantMemberships(session, there);
  return { targetUrl, authenticatorUrl };
}

/**
 * The role that restores. On Supabase it is `postgres`, which is no superuser; where the server has that role already and it
 * isn't the administrator's, nobody knows its password, so that a superuser of ours stands in for it.
 */
async function makeRestorer(
  session: Session,
  throwaway: Throwaway,
  there: ReadonlySet<string>,
  make: (name: string, attributes: string) => Promise<string>,
): Promise<string> {
  if (there.has(OWNER)) {
    return session.address.user === OWNER ? throwaway.adminUrl : await make(throwaway.name, "login superuser");
  }
  const superuser = session.serverMajor < PARAMETER_RIGHTS_SINCE ? "superuser" : "nosuperuser";
  const url = await make(OWNER, `login ${superuser} createdb createrole replication bypassrls`);
  if (superuser === "nosuperuser") await session.query(`grant set on parameter session_replication_role to ${OWNER}`);
  return url;
}

/** Who may act as whom, among the roles that were made just now. */
async function grantMemberships(session: Session, there: ReadonlySet<string>): Promise<void> {
  const grants: [roles: string[], to: string, admin: boolean, inherit: boolean, set: boolean][] = [
    [["anon", "authenticated", "service_role"], "authenticator", false, false, true],
    [["anon", "authenticated", "service_role", "authenticator"], OWNER, true, true, true],
    [["anon", "authenticated", "service_role"], "supabase_storage_admin", false, false, true],
    // Supabase lets `postgres` put policies and triggers on its tables without being their owner.
    [["supabase_auth_admin", "supabase_storage_admin", "supabase_realtime_admin"], OWNER, false, true, false],
  ];
  for (const [roles, to, admin, inherit, set] of grants.filter(([, member]) => !there.has(member))) {
    const options =
      session.serverMajor >= MEMBERSHIP_OPTIONS_SINCE
        ? ` with admin ${admin}, inherit ${inherit}, set ${set}`
        : admin
          ? " with admin option"
          : "";
    await session.query(`grant ${roles.join(", ")} to ${to}${options}`);
  }
  if (!there.has(OWNER)) await session.query(`grant pg_monitor, pg_read_all_data, pg_signal_backend to ${OWNER}`);
}

function urlFor(throwaway: Throwaway, user: string, password: string): string {
  const url = new URL(throwaway.adminUrl);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}
