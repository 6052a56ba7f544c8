import { randomBytes } from "node:crypto";
import type { Session } from "../../../clients/database.ts";
import { markOf } from "../../../clients/throwawayPostgres.ts";
import type { Throwaway } from "../../../clients/throwawayPostgres.ts";
import { quoteIdent, quoteLiteral } from "../../database/quote.ts";
import { PUBLISHED_ROLES, membershipSql, publishedMemberships } from "./publishedPlatform.ts";

/** Who works in a throwaway database beside its administrator. */
export interface ThrowawayLogins {
  /** Connection string of the role that restores: `postgres`, as on Supabase, wherever that can be had. */
  targetUrl: string;
  /** Connection string of the role that Supabase's API logs in as; absent where the scratch server has its own, whose password is not ours. */
  authenticatorUrl: string | undefined;
  /** Name of the role that restores. */
  restorer: string;
}

const OWNER = "postgres";
const AUTHENTICATOR = "authenticator";
/** The first version that knows such rights. */
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
  for (const { name, attributes } of PUBLISHED_ROLES.filter((one) => !there.has(one.name))) {
    // The API's role only: nothing else logs in here.
    const url = await make(name, `${name === AUTHENTICATOR ? "login" : "nologin"} ${attributes}`);
    if (name === AUTHENTICATOR) authenticatorUrl = url;
  }
  const targetUrl = await makeRestorer(session, throwaway, there, make);
  const restorer = decodeURIComponent(new URL(targetUrl).username);
  await grantMemberships(session, there, restorer);
  return { targetUrl, authenticatorUrl, restorer };
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
async function grantMemberships(session: Session, there: ReadonlySet<string>, restorer: string): Promise<void> {
  for (const membership of publishedMemberships(restorer, session.serverMajor)) {
    if (there.has(membership.member)) continue;
    await session.query(membershipSql(membership, quoteIdent(membership.member), session.serverMajor));
  }
}

function urlFor(throwaway: Throwaway, user: string, password: string): string {
  const url = new URL(throwaway.adminUrl);
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}
