import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { rollBack } from "../../postgres/session/transaction.ts";

/** The caller of a request, as Supabase's API passes it to the database: a role, and the claims of the token. */
export interface Caller {
  role: "anon" | "authenticated";
  /** Id of the account; none for a visitor. */
  sub?: string;
  /** How the API is asked; GET where nothing is written. */
  method?: "GET" | "POST";
}

/**
 * Runs work as the API does for a caller, under row level security: in a transaction, with the caller's role, the token's claims and
 * PostgREST's settings of the request. Then rolls everything back.
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

/** Whether an error says that a right is missing or a policy refused a row. */
export function isRefusal(error: unknown): boolean {
  return sqlStateOf(error) === SQLSTATE.INSUFFICIENT_PRIVILEGE;
}

/** Routines of PostgreSQL that raise an error about an unknown setting, and what RAISE of PL/pgSQL asks for. Errors name them in any language. */
const RAISED_BY: readonly string[] = ["find_option", "exec_stmt_raise"];

/**
 * Whether an error comes from an expression of the app's own, such as a policy that refers to itself, asks for a setting that the caller
 * has not sent, casts it, or raises an exception. Every definition is compared with the manifest by another check. So the source, whose
 * policies were the same, answers such a caller in the same way, and a manifest need not record that: a backup would have to run the app's
 * functions on the live database. A missing function, table or column is not such an error, since the source has them.
 */
export function isOwnRule(error: unknown): boolean {
  const code = sqlStateOf(error);
  const { routine } = error as { routine?: unknown };
  return (
    code === SQLSTATE.INVALID_OBJECT_DEFINITION ||
    code.startsWith(SQLSTATE.DATA_EXCEPTION_CLASS) ||
    (typeof routine === "string" && RAISED_BY.includes(routine))
  );
}
