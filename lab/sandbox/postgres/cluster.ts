import {
  createServerData,
  killServer,
  localeArgs,
  type ServerOptions,
  startServer,
  stopServer,
} from "../../../recovery/postgres/programs/postgresServer.ts";
import { type PostgresPackage, sandboxPostgres } from "./binaries.ts";

/** The superuser of every cluster, with Supabase's name. */
export const SUPERUSER = "supabase_admin";

/** One Postgres server of the sandbox. */
export interface ClusterOptions extends Pick<
  ServerOptions,
  "dataDir" | "port" | "superuserPassword" | "log" | "onSpawn"
> {
  /** Default: the sandbox's own. */
  postgres?: PostgresPackage;
}

/** Supabase runs with `wal_level = logical`. */
const CONFIGURATION = `
max_connections = 60
shared_buffers = '96MB'
maintenance_work_mem = '64MB'
wal_level = logical
max_wal_size = '2GB'
max_worker_processes = 4
autovacuum_max_workers = 1
`;

/** Creates the data folder of a new server, without starting it; `onSpawn` receives initdb's pid. An existing folder is an error. */
export async function createCluster({ postgres = sandboxPostgres, ...options }: ClusterOptions): Promise<void> {
  await createServerData({
    ...options,
    programs: postgres.programs,
    superuser: SUPERUSER,
    configuration: CONFIGURATION,
    localeArgs: localeArgs(postgres.major),
  });
}

/** Starts a server as recovery/postgres/programs/postgresServer.ts does. */
export async function startCluster({ postgres = sandboxPostgres, ...options }: ClusterOptions): Promise<number> {
  return await startServer({
    ...options,
    programs: postgres.programs,
    portAdvice: 'end the program that uses it, or run "castchat-recovery sandbox reset"',
  });
}

export { killServer as killCluster, stopServer as stopCluster };
