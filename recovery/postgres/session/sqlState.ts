/** PostgreSQL's error codes (SQLSTATE) by their names in the manual: appendix "PostgreSQL Error Codes". */
export const SQLSTATE = {
  CONNECTION_EXCEPTION_CLASS: "08",
  DATA_EXCEPTION_CLASS: "22",
  INVALID_PARAMETER_VALUE: "22023",
  UNIQUE_VIOLATION: "23505",
  EXCLUSION_VIOLATION: "23P01",
  READ_ONLY_SQL_TRANSACTION: "25006",
  IN_FAILED_SQL_TRANSACTION: "25P02",
  INVALID_AUTHORIZATION_SPECIFICATION: "28000",
  INVALID_PASSWORD: "28P01",
  DEPENDENT_OBJECTS_STILL_EXIST: "2BP01",
  INVALID_GRANT_OPERATION: "0LP01",
  INVALID_CATALOG_NAME: "3D000",
  INVALID_SCHEMA_NAME: "3F000",
  DEADLOCK_DETECTED: "40P01",
  INSUFFICIENT_PRIVILEGE: "42501",
  UNDEFINED_COLUMN: "42703",
  UNDEFINED_OBJECT: "42704",
  UNDEFINED_FUNCTION: "42883",
  UNDEFINED_TABLE: "42P01",
  INVALID_OBJECT_DEFINITION: "42P17",
  DISK_FULL: "53100",
  TOO_MANY_CONNECTIONS: "53300",
  OBJECT_NOT_IN_PREREQUISITE_STATE: "55000",
  LOCK_NOT_AVAILABLE: "55P03",
  ADMIN_SHUTDOWN: "57P01",
  CRASH_SHUTDOWN: "57P02",
  CANNOT_CONNECT_NOW: "57P03",
} as const;

/** The SQLSTATE (or the system's own code, such as "ECONNRESET") of an error; empty if it has none. */
export function sqlStateOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}

/** The same of an error, or of its cause if it has none. */
export function sqlStateBehind(error: unknown): string {
  return sqlStateOf(error) || sqlStateOf((error as Partial<Error>).cause);
}

const LOST: readonly string[] = ["ECONNRESET", "EPIPE", "ETIMEDOUT", SQLSTATE.ADMIN_SHUTDOWN, SQLSTATE.CRASH_SHUTDOWN];

/** Whether an error says that the connection is lost, and not that the server refuses something. */
export function isLostConnection(error: unknown): boolean {
  const code = sqlStateOf(error);
  return (
    LOST.includes(code) ||
    code.startsWith(SQLSTATE.CONNECTION_EXCEPTION_CLASS) ||
    /^(Connection terminated|Client has encountered a connection error)/.test((error as Error).message)
  );
}
