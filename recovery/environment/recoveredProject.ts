import { type AppConnection, appConnectionString } from "../../planning/appConnection.ts";
import type { DatabaseHost } from "../../services/databaseHost/databaseHost.ts";
import type { Source } from "./sources.ts";

/** The recovered project, as far as the program knows it. */
export interface RecoveredProject {
  ref: string;
  /** Address of its database at the session pooler. Secret. */
  connectionString: string;
  /** How the app reaches it. */
  connection: AppConnection;
}

/** Gives the value of each source. Its keys are read from the host when they are first asked for, and kept nowhere. */
export function recoveredValues(
  databaseHost: () => DatabaseHost,
  { ref, connectionString, connection }: RecoveredProject,
  signal: AbortSignal,
): (source: Source) => Promise<string> | string {
  const appUrl = appConnectionString(connectionString, connection);
  // Not parseDatabaseUrl, which refuses the transaction pooler: backups and restores cannot use it, and an app can.
  const address = new URL(appUrl);
  const values: Readonly<Record<Source, () => Promise<string> | string>> = {
    supabaseUrl: () => databaseHost().apiUrl(ref),
    supabaseRef: () => ref,
    anonKey: () => databaseHost().publicKey(ref, signal),
    serviceRoleKey: () => databaseHost().secretKey(ref, signal),
    databaseUrl: () => appUrl,
    sessionUrl: () => connectionString,
    databaseHost: () => address.hostname,
    databasePort: () => address.port || "5432",
    databaseUser: () => decodeURIComponent(address.username),
    databasePassword: () => decodeURIComponent(address.password),
    databaseName: () => decodeURIComponent(address.pathname.slice(1)),
  };
  return (source) => values[source]();
}
