import type { RemoteService } from "../http/remoteService.ts";
import type { TokenHolder } from "../http/tokenFacts.ts";
import type { DatabaseInspection } from "./databaseSetUp.ts";

/**
 * The state of a project. It keeps its data in each state:
 * - "changing": it starts, restarts or is resized, and becomes healthy by itself;
 * - "restoring": one of the host's own backups replaces its database, or it returns from a pause;
 * - "paused": an operator has stopped it; "pause failed": the stop failed, and it can't be used either;
 * - "failed" and "going down": it does not become healthy by itself.
 */
export type ProjectState = "healthy" | "changing" | "restoring" | "paused" | "pause failed" | "failed" | "going down";

/** A project of the database host: a database, and the services in front of it. */
export interface DatabaseProject {
  /** The host's own name for it. */
  ref: string;
  name: string;
  /** Slug of its organization. */
  organization: string;
  region: string;
  /** ISO time. */
  createdAt: string;
  state: ProjectState;
  /** The state in the host's own word, for messages. */
  status: string;
}

/** A project to create. */
export interface NewProject {
  name: string;
  organization: string;
  region: string;
  /** Of the database's owner. */
  password: string;
}

/** A size of compute in the host's own word ("small"). */
export type ComputeSize = string;

/** The size of a project's database. A field is undefined if the host does not say it. */
export interface ProjectSize {
  compute: ComputeSize | undefined;
  /** Of the disk, in GB. */
  diskGb: number | undefined;
}

/** One of a project's services. */
export interface ServiceHealth {
  name: string;
  isHealthy: boolean;
  /** In the host's own word, for messages. */
  status: string;
}

/** Address for sessions of a project's database: one connection for each session, as dumps, restores and `SET` need it. */
export interface SessionAddress {
  host: string;
  port: number;
  user: string;
  database: string;
}

/** One of the host's own daily backups of a project. */
export interface PlatformBackup {
  id: number | undefined;
  /** {@link COMPLETED} once it can be restored, otherwise the host's own word. */
  status: string;
  takenAt: Date;
}

/** The status of a backup that can be restored. */
export const COMPLETED = "COMPLETED";

/** The host's own backups of a project. */
export interface PlatformBackups {
  /** Newest first. */
  backups: PlatformBackup[];
  /** Each second in it can be restored; undefined if the plan has no point-in-time recovery. */
  window: { earliest: Date; latest: Date } | undefined;
}

/**
 * The host of the database. Calls throw ServiceError or UnreachableError (services/http/http.ts). `project` returns undefined for a project
 * that does not exist or was removed; elsewhere a missing project is a ServiceError with status 404.
 */
export interface DatabaseHost extends RemoteService, TokenHolder, DatabaseInspection {
  /** The host's page about its own outages. */
  readonly statusPage: string;

  /** All projects that the token can see. */
  projects(signal?: AbortSignal): Promise<DatabaseProject[]>;
  project(ref: string, signal?: AbortSignal): Promise<DatabaseProject | undefined>;
  /** Begins to create a project. Several may have the same name. */
  createProject(wanted: NewProject, signal?: AbortSignal): Promise<DatabaseProject>;
  /** Deletes a project, its database and the host's own backups of it, for good. A missing project is no error. */
  deleteProject(ref: string, signal?: AbortSignal): Promise<void>;
  /** Stops a project. Its data stays. */
  pauseProject(ref: string, signal?: AbortSignal): Promise<void>;
  /** The services that a recovery needs before it can begin. */
  health(ref: string, signal?: AbortSignal): Promise<ServiceHealth[]>;

  size(ref: string, signal?: AbortSignal): Promise<ProjectSize>;
  /** Begins to change the compute. The database restarts. */
  resizeCompute(ref: string, compute: ComputeSize, signal?: AbortSignal): Promise<void>;
  /** Begins to enlarge the disk, while the database runs. */
  resizeDisk(ref: string, diskGb: number, signal?: AbortSignal): Promise<void>;
  /** Whether a size of compute is larger than another. Makes no request. */
  isLarger(one: ComputeSize, other: ComputeSize): boolean;

  sessionAddress(ref: string, signal?: AbortSignal): Promise<SessionAddress>;
  /** Address of a project's own API. Makes no request. */
  apiUrl(ref: string): string;
  /** The key to a project's own API that is safe to show. */
  publicKey(ref: string, signal?: AbortSignal): Promise<string>;
  /** The key to a project's own API that bypasses every rule of its rows. Secret. */
  secretKey(ref: string, signal?: AbortSignal): Promise<string>;
  /** Logs a user of the app in by the project's auth service. Gives the access token, which is a secret. ServiceError for a refusal. */
  logIn(ref: string, user: { email: string; password: string }, signal?: AbortSignal): Promise<string>;
  /** Settings of the auth service. They may contain secrets: encrypt them or reduce them to names before storing. */
  authSettings(ref: string, signal?: AbortSignal): Promise<Record<string, unknown>>;

  platformBackups(ref: string, signal?: AbortSignal): Promise<PlatformBackups>;
  /** Begins to replace the project's data by a daily backup's. Without an answer it may have begun or not. */
  restorePlatformBackup(ref: string, id: number, signal?: AbortSignal): Promise<void>;
  /** The same, with the state at an instant of the window, to the second. */
  restoreToInstant(ref: string, instant: Date, signal?: AbortSignal): Promise<void>;
}
