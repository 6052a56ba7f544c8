import { SQLSTATE, sqlStateOf } from "./sqlState.ts";

const CODES: readonly string[] = ["ECONNRESET", "EPIPE", "ETIMEDOUT", SQLSTATE.ADMIN_SHUTDOWN, SQLSTATE.CRASH_SHUTDOWN];

/** Whether an error says that the connection is lost, and not that the server refuses something. */
export function isLostConnection(error: unknown): boolean {
  const code = sqlStateOf(error);
  return (
    CODES.includes(code) ||
    code.startsWith(SQLSTATE.CONNECTION_EXCEPTION_CLASS) ||
    /^(Connection terminated|Client has encountered a connection error)/.test((error as Error).message)
  );
}
