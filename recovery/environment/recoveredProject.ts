import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import { parseDatabaseUrl } from "../postgres/session/databaseUrl.ts";
import type { Source } from "./sources.ts";

/** The recovered project, as far as the program knows it. */
export interface RecoveredProject {
  ref: string;
  /** The address that the app uses. Secret. */
  connectionString: string;
}

/** Gives the value of each source. Its keys are read from the host when they are first asked for, and kept nowhere. */
export function recoveredValues(
  databaseHost: () => DatabaseHost,
  { ref, connectionString }: RecoveredProject,
  signal: AbortSignal,
): (source: Source) => Promise<string> | string {
  const address = () => parseDatabaseUrl(connectionString);
  const values: Readonly<Record<Source, () => Promise<string> | string>> = {
    supabaseUrl: () => databaseHost().apiUrl(ref),
    supabaseRef: () => ref,
    anonKey: () => databaseHost().publicKey(ref, signal),
    serviceRoleKey: () => databaseHost().secretKey(ref, signal),
    databaseUrl: () => connectionString,
    databaseHost: () => address().host,
    databasePort: () => String(address().port),
    databaseUser: () => address().user,
    databasePassword: () => address().password,
    databaseName: () => address().database,
  };
  return (source) => values[source]();
}
