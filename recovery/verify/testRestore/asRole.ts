import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { rollBack } from "../../postgres/session/transaction.ts";

/** Who asks, as Supabase's API tells the database: a role, and the claims of the token. */
export interface Caller {
  role: "anon" | "authenticated";
  /** Id of the account; none for a visitor. */
  sub?: string;
  /** How the API is asked; GET where nothing is written. */
  method?: "GET" | "POST";
}

/**
 * Does something as the API does it for a caller: in a transaction, in the caller's role, with the token's claims and the
 * request's own settings as PostgREST has them, under row level security. Rolls everything back.
 */
export async function asCaller<T>(session: Session, caller: Caller, work: () => Promise<T>): Promise<T> {
  const claims = JSON.stringify({ role: caller.role, ...(caller.sub === undefined ? {} : { sub: caller.sub }) });
  await session.query(
    `begin;
     set local row_security = on;
     set local search_path = public, extensions;
     set local role ${quoteIdent(caller.role)};
     select set_config('request.jwt.claims', ${quoteLiteral(claims)}, true), set_config('request.method', ${quoteLiteral(caller.method ?? "GET")}, true),
       set_config('request.path', '/', true), set_config('request.headers', '{}', true), set_config('request.cookies', '{}', true)`,
  );
  try {
    return await work();
  } finally {
    await rollBack(session);
  }
}

/** SQLSTATE of a right that is lacking, or a row that a policy refuses. */
export function isRefusal(error: unknown): boolean {
  return sqlStateOf(error) === SQLSTATE.INSUFFICIENT_PRIVILEGE;
}
