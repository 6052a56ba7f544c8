import type { Clock } from "../../../services/common/clock.ts";
import { type layout, type SandboxFile } from "./layout.ts";

/** Where a project's pooler listens. */
export interface PoolerAddress {
  host: string;
  /** In session mode. */
  port: number;
  /** In transaction mode. A server of an earlier sandbox has no pooler, and one address. */
  transactionPort?: number;
}

/** Addresses of a project's Postgres server. */
export interface ProjectConnection extends PoolerAddress {
  /** Connection string of `supabase_admin`, without the pooler. */
  superuserUrl: string;
}

/** The Postgres servers of the sandbox's Supabase projects, one for each project. They outlive a restart of the daemon. */
export interface ProjectServers {
  /** Creates and starts a server with the content of a new project. An existing ref is an error. */
  create(ref: string, postgresPassword: string): Promise<ProjectConnection>;
  /** Starts a paused server. */
  start(ref: string): Promise<ProjectConnection>;
  /** Pauses a server and keeps its data. */
  stop(ref: string): Promise<void>;
  /** Stops a server and deletes its data for good. An unknown ref is ignored. */
  destroy(ref: string): Promise<void>;
  /** Changes the password of `postgres`. */
  setPassword(ref: string, password: string): Promise<void>;
  /** Keeps a physical copy of a running server's data under this name. */
  saveCopy(ref: string, name: string): Promise<void>;
  /** Deletes a copy. A missing copy is ignored. */
  dropCopy(ref: string, name: string): Promise<void>;
  /**
   * Replaces the server's data with a copy and starts it; with `until`, also replays all changes up to that instant. After an interruption,
   * the same call does it again from the start.
   */
  restoreCopy(ref: string, name: string, until?: Date): Promise<ProjectConnection>;
  /** From now on keeps what {@link restoreCopy} needs to reach any instant after a copy. */
  keepChanges(ref: string): Promise<void>;
  /** The server's address; undefined if the server doesn't exist or is paused. */
  connection(ref: string): ProjectConnection | undefined;
}

/** A deployment's own HTTP server: `node server.mjs` in the deployment's folder. */
export interface AppStart {
  deploymentId: string;
  /** Folder of the deployment's files, below the sandbox's home. */
  dir: string;
  /** The deployment's environment; PORT and HOST are added. */
  env: Record<string, string>;
}

/** Runs the deployed apps. Running apps start again with the daemon. */
export interface AppRunner {
  /** Starts an app and returns its port on 127.0.0.1 when it accepts connections. Throws if the app ends or hangs before. */
  start(app: AppStart): Promise<number>;
  /** Stops an app; it is not started again. An unknown id is ignored. */
  stop(deploymentId: string): Promise<void>;
  /** Port of a running app; undefined if it isn't running. */
  portOf(deploymentId: string): number | undefined;
}

/** The edge proxy's interface to the DNS emulator. */
export interface NameRecords {
  /** The end of a name's CNAME records in lower case, or the address of its A record, followed through every zone; undefined if it has none. */
  resolveCname(name: string): string | undefined;
}

/** The application platform's interface to the DNS emulator. */
export interface TextRecords {
  /** The content of a name's TXT records. */
  textsAt(name: string): string[];
}

/** The edge proxy's interface to the application platform's emulator. */
export interface DeploymentLookup {
  /**
   * The deployment that serves a host: the one named by its `….vercel.app`, or the production deployment of the project with that domain.
   * Undefined if no ready deployment serves it. A paused project answers its visitors 503 DEPLOYMENT_PAUSED. A protected host has `secrets`;
   * a visitor without a login needs one of them. A deployment that is static has files and no functions.
   */
  resolveHost(
    host: string,
  ): { deploymentId: string; paused: boolean; secrets?: readonly string[]; isStatic?: boolean } | undefined;
}

/** The dependencies that the daemon passes to each emulator. */
export interface EmulatorDependencies {
  paths: ReturnType<typeof layout>;
  credentials: SandboxFile["credentials"];
  ports: SandboxFile["ports"];
  postgres: ProjectServers;
  apps: AppRunner;
  clock: Clock;
}
