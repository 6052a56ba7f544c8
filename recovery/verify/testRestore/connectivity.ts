import { messageOf } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { HAS_FOREIGN_PARTS } from "../../postgres/catalog/foreignParts.ts";
import { IS_APP_SCHEMA } from "../../postgres/catalog/platform.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { quoteTable, tableName } from "../../postgres/session/quote.ts";
import { isLostConnection } from "../../postgres/session/sqlState.ts";
import type { PreparedThrowaway } from "../throwaway/prepare.ts";
import { asCaller, isOwnRule, isRefusal } from "./asRole.ts";
import { type CheckLine, checks, type Finding, fine, notHere, unless } from "./checklist.ts";

const ITEM = "Application connectivity working";

/** Opens a new connection as the app does, and checks that row level security applies to it. */
export async function checkConnectivity(
  prepared: PreparedThrowaway,
  session: Session,
  signal: AbortSignal,
): Promise<CheckLine[]> {
  return await checks(ITEM, signal, {
    "the API's login": () => logIn(prepared, signal),
    "row level security for visitors": () => lookAsVisitor(session),
    "the API over HTTP": () =>
      notHere(
        "a throwaway Postgres has no PostgREST; `castchat-recovery drill` recovers into a project and uses the app",
      ),
  });
}

async function logIn({ authenticatorUrl }: PreparedThrowaway, signal: AbortSignal): Promise<Finding> {
  if (authenticatorUrl === undefined)
    return notHere("the scratch server already has a role authenticator, whose password is unknown here");
  return await withSession(
    authenticatorUrl,
    { applicationName: "castchat-recovery verify authenticator", signal },
    async (session) => {
      const roles: string[] = [];
      for (const role of ["anon", "authenticated"] as const) {
        const [row] = await asCaller(session, { role }, () =>
          session.query<{ role: string }>("select current_user as role"),
        );
        if (row?.role !== role) return { state: "not ok", detail: `authenticator does not become ${role}` };
        roles.push(role);
      }
      return fine(`a fresh connection as authenticator became ${roles.join(" and ")}`);
    },
  );
}

/**
 * Reads every table under row level security as a visitor, except one with parts on another server. Without a policy for visitors no row may be visible. A policy that raises an
 * error of its own refuses the visitor, as in the source (asRole.ts).
 */
async function lookAsVisitor(session: Session): Promise<Finding> {
  // "open": a policy lets visitors read at all.
  const tables = await session.query<{ schema: string; name: string; open: boolean }>(
    `select n.nspname as schema, c.relname as name, exists (
         select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('r', '*')
           and (p.polroles = '{0}' or exists (select from pg_catalog.pg_roles r where r.rolname = 'anon' and r.oid = any (p.polroles)))) as open
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and c.relrowsecurity and ${IS_APP_SCHEMA} and not ${HAS_FOREIGN_PARTS} order by 1, 2`,
  );
  if (tables.length === 0) return notHere("no table of the app has row level security");
  const faults: string[] = [];
  const raised: string[] = [];
  let denied = 0;
  let seen = 0n;
  let all = 0n;
  for (const table of tables) {
    const sql = `select count(*)::text as rows from ${quoteTable(table)}`;
    const [total] = await session.query<{ rows: string }>(sql);
    all += BigInt(total?.rows ?? 0);
    try {
      const [row] = await asCaller(session, { role: "anon" }, () => session.query<{ rows: string }>(sql));
      const visible = BigInt(row?.rows ?? 0);
      seen += visible;
      if (!table.open && visible > 0n)
        faults.push(`anon reads ${visible} rows of ${tableName(table)}, which has no policy for it`);
    } catch (error) {
      if (isLostConnection(error)) throw error;
      denied += 1;
      const clause = `${tableName(table)}: ${messageOf(error)}`;
      if (isOwnRule(error)) raised.push(clause);
      else if (!isRefusal(error)) faults.push(clause);
    }
  }
  const rules = raised.length === 0 ? "" : `, some by a rule of the app's own that raises an error (${named(raised)})`;
  return unless(
    faults,
    `anon sees ${seen} of ${all} rows in ${tables.length} tables and may not read ${denied} of them${rules}`,
  );
}
