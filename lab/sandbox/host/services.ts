import type { Clock } from "../../../services/common/clock.ts";
import { type layout, type SandboxCredentials, type SandboxFile } from "./layout.ts";

/** Address of a project's Postgres server. */
export interface ProjectConnection {
  host: string;
  port: number;
  /** Connection string of `supabase_admin`. */
  superuserUrl: string;
}

/** The Postgres servers of the sandbox's Supabase projects, one each. They survive a restart of the daemon. */
export interface ProjectServers {
  /** Makes and starts a server that looks like a new project's. A ref that exists already is an error. */
  create(ref: string, postgresPassword: string): Promise<ProjectConnection>;
  /** Starts a paused server. */
  start(ref: string): Promise<ProjectConnection>;
  /** Pauses a server: its data stays. */
  stop(ref: string): Promise<void>;
  /** Ends a server and removes its data for ever. An unknown ref is fine. */
  destroy(ref: string): Promise<void>;
  /** Gives `postgres` another password. */
  setPassword(ref: string, password: string): Promise<void>;
  /** Keeps a physical copy of a running server's data under this name. */
  saveCopy(ref: string, name: string): Promise<void>;
  /** Removes a copy. One that isn't there is fine. */
  dropCopy(ref: string, name: string): Promise<void>;
  /**
   * Puts a copy in the place of the server's data and starts it; with `until` with all changes since, up to that instant. After an
   * interruption the same call does it anew.
   */
  restoreCopy(ref: string, name: string, until?: Date): Promise<ProjectConnection>;
  /** From now on keeps what {@link restoreCopy} needs to reach any instant since a copy. */
  keepChanges(ref: string): Promise<void>;
  /** Where the server is; undefined when it does not exist (any more) or is paused. */
  connection(ref: string): ProjectConnection | undefined;
}

/** A deployment's own HTTP server, as `node server.mjs` in the deployment's folder. */
export interface AppStart {
  deploymentId: string;
  /** Folder of the deployment's files, below the sandbox's home. */
  dir: string;
  /** The deployment's environment; PORT and HOST are added. */
  env: Record<string, string>;
}

/** Runs the deployed apps. Those that run are started again when the daemon is. */
export interface AppRunner {
  /** Starts an app and returns its port on 127.0.0.1, once it takes connections; an error when it ends or hangs before. */
  start(app: AppStart): Promise<number>;
  /** Ends an app; it is not started again. An unknown id is fine. */
  stop(deploymentId: string): Promise<void>;
  /** Port of a running app; undefined when it doesn't run. */
  portOf(deploymentId: string): number | undefined;
}

/** What the edge proxy asks the DNS emulator. */
export interface NameRecords {
  /** Where a name leads by CNAME records, followed to the end, in lower case; undefined when it has none. */
  resolveCname(name: string): string | undefined;
}

/** What the edge proxy asks the application platform's emulator. */
export interface DeploymentLookup {
  /**
   * What serves a host: the deployment that its `….vercel.app` names, or the production deployment of the project with that domain.
   * `secrets` are there where the host is protected: a visitor without a login needs one of them.
   */
  resolveHost(host: string): { deploymentId: string; paused: boolean; secrets?: readonly string[] } | undefined;
}

/** What the daemon hands to each emulator. */
export interface EmulatorDependencies {
  paths: ReturnType<typeof layout>;
  credentials: SandboxCredentials;
  ports: SandboxFile["ports"];
  postgres: ProjectServers;
  apps: AppRunner;
  clock: Clock;
}
