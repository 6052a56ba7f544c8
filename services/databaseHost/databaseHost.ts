import type { RemoteService } from "../http/remoteService.ts";

/**
 * What a project does. It keeps its data in each of these states:
 * - "changing": it comes up, restarts or is resized, and gets healthy by itself;
 * - "restoring": its database is being replaced by one of the host's own backups, or it comes back from a pause;
 * - "paused": it stands still by an operator's order, or soon will; "pause failed": it should, and can't be used either;
 * - "failed" and "going down": it does not get healthy by itself.
 */
export type ProjectState = "healthy" | "changing" | "restoring" | "paused" | "pause failed" | "failed" | "going down";

/** A project of the database host: a database, and the services in front of it. */
export interface DatabaseProject {
  /** The host's own name for it. */
  ref: string;
  name: string;
  /** Slug of the organization that pays for it. */
  organization: string;
  region: string;
  /** ISO time. */
  createdAt: string;
  state: ProjectState;
  /** The state in the host's own word, for messages. */
  status: string;
}

/** What a project is to be. */
export interface NewProject {
  name: string;
  organization: string;
  region: string;
  /** Of the database's owner. */
  password: string;
}

/** One of a project's services. */
export interface ServiceHealth {
  name: string;
  isHealthy: boolean;
  /** In the host's own word, for messages. */
  status: string;
}

/** Where sessions of a project's database are opened: one connection a session, as dumps, restores and `SET` need it. */
export interface SessionAddress {
  host: string;
  port: number;
  user: string;
  database: string;
}

/** One of the host's own daily backups of a project. */
export interface PlatformBackup {
  id: number | undefined;
  /** {@link COMPLETED} once it can be restored; else the host's own word. */
  status: string;
  takenAt: Date;
}

/** The status of a backup that can be restored. */
export const COMPLETED = "COMPLETED";

/** The host's own backups of a project. */
export interface PlatformBackups {
  /** Newest first. */
  backups: PlatformBackup[];
  /** Every second of it can be restored; undefined where the plan has no point-in-time recovery. */
  window: { earliest: Date; latest: Date } | undefined;
}

/**
 * What the product asks of the host of its database. Every call throws ServiceError or UnreachableError (services/http/http.ts). A project that
 * was removed does not exist: asked for by itself it is undefined, elsewhere an error that `isNotFound` recognises.
 */
export interface DatabaseHost extends RemoteService {
  /** Where the host says what is wrong with it. */
  readonly statusPage: string;

  /** All projects that the token may see. */
  projects(signal?: AbortSignal): Promise<DatabaseProject[]>;
  project(ref: string, signal?: AbortSignal): Promise<DatabaseProject | undefined>;
  /** Begins to make a project. Several may have one name. */
  createProject(wanted: NewProject, signal?: AbortSignal): Promise<DatabaseProject>;
  /** Deletes a project, its database and the host's own backups of it, for good. One that does not exist is fine. */
  deleteProject(ref: string, signal?: AbortSignal): Promise<void>;
  /** Stops a project; its data stay. */
  pauseProject(ref: string, signal?: AbortSignal): Promise<void>;
  /** The services that a recovery needs before it can begin. */
  health(ref: string, signal?: AbortSignal): Promise<ServiceHealth[]>;

  sessionAddress(ref: string, signal?: AbortSignal): Promise<SessionAddress>;
  /** Address of a project's own API. Asks nothing. */
  apiUrl(ref: string): string;
  /** The key to a project's own API that is safe to show. */
  publicKey(ref: string, signal?: AbortSignal): Promise<string>;
  /** Settings of the auth service: to be encrypted or reduced to names before they are stored. It may hold secrets. */
  authSettings(ref: string, signal?: AbortSignal): Promise<Record<string, unknown>>;

  platformBackups(ref: string, signal?: AbortSignal): Promise<PlatformBackups>;
  /** Begins to replace the project's data by a daily backup's. Whether it was begun is not certain when no answer comes. */
  restorePlatformBackup(ref: string, id: number, signal?: AbortSignal): Promise<void>;
  /** The same, by the state at an instant of the window, to the second. */
  restoreToInstant(ref: string, instant: Date, signal?: AbortSignal): Promise<void>;
}
