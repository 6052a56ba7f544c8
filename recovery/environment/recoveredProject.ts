import { type AppConnection, appConnectionString } from "../../planning/appConnection.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import { parseDatabaseUrl } from "../postgres/session/databaseUrl.ts";
import type { Source } from "./sources.ts";

/** The recovered project, as far as the program knows it. */
export interface RecoveredProject {
  ref: string;
  /** Address of the session pooler. Secret. */
  connectionString: string;
  /** How the app reaches its database. */
  connection: AppConnection;
}

/** Gives the value of each source. Its keys are read from the host when they are first asked for, and kept nowhere. */
export function recoveredValues(
  databaseHost: () => DatabaseHost,
  { ref, connectionString, connection }: RecoveredProject,
  signal: AbortSignal,
): (source: Source) => Promise<string> | string {
  const address = () => parseDatabaseUrl(connectionString);
  const values: Readonly<Record<Source, () => Promise<string> | string>> = {
    supabaseUrl: () => databaseHost().apiUrl(ref),
    supabaseRef: () => ref,
    anonKey: () => databaseHost().publicKey(ref, signal),
    serviceRoleKey: () => databaseHost().secretKey(ref, signal),
    databaseUrl: () => appConnectionString(connectionString, connection),
    transactionUrl: () => appConnectionString(connectionString, "transaction"),
    sessionUrl: () => connectionString,
    directUrl: () => appConnectionString(connectionString, "direct"),
    databaseHost: () => address().host,
    databasePort: () => String(address().port),
    databaseUser: () => address().user,
    databasePassword: () => address().password,
    databaseName: () => address().database,
  };
  return (source) => values[source]();
}
