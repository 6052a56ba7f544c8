import type { EmulatorDependencies } from "../host/services.ts";
import { ApiError } from "./http.ts";

/** The dependencies of GitLab's emulator. Its token is accepted as Bearer, in `PRIVATE-TOKEN`, or as the password of Basic. */
export type GitlabDeps = Pick<EmulatorDependencies, "paths" | "credentials" | "clock">;

/** What the token may do, and how long. */
export interface GitlabToken {
  /** https://docs.gitlab.com/security/tokens/access_token_scopes */
  scopes: readonly string[];
  /** Never, if undefined. Only its date counts. */
  expiresAt?: Date;
}

/** A project; its content is in git. */
export interface Project {
  id: number;
  /** Groups, with slashes between. */
  group: string;
  path: string;
  settings: Record<string, unknown>;
  archived: boolean;
  /** Null until the first branch is there. */
  defaultBranch: string | null;
  /** Names of protected branches, and whether a forced push is allowed. */
  rules: Record<string, boolean>;
  createdAt: string;
  updatedAt: string;
}

/** GitLab's stored state. */
export interface GitlabMemory {
  nextId: number;
  /** By lower-case path with groups. */
  projects: Record<string, Project>;
  /** Former paths, in lower case, with the number of what had them. */
  formerPaths: Record<string, number>;
}

/** The owner of the token. */
export const USER = { id: 1, username: "sandbox-operator", name: "Sandbox operator" } as const;

/**
 * A project's settings with their defaults. Pipelines run, and the visibility is what an administrator may have chosen as the default:
 * https://docs.gitlab.com/administration/settings/visibility_and_access_controls
 */
export const SETTINGS = {
  name: "",
  description: null,
  visibility: "public",
  builds_access_level: "enabled",
  issues_access_level: "enabled",
  merge_requests_access_level: "enabled",
  wiki_access_level: "enabled",
  snippets_access_level: "enabled",
  container_registry_access_level: "enabled",
  pages_access_level: "enabled",
  releases_access_level: "enabled",
  auto_devops_enabled: true,
  lfs_enabled: true,
} satisfies Record<string, unknown>;

/** Slugs that GitLab accepts (https://docs.gitlab.com/user/reserved_names). */
export const SLUG = /^(?!.*\.(?:git|atom)$)[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;

/** An error in GitLab's format. */
export const fail = (status: 400 | 401 | 403 | 404 | 405 | 409, message: string | Record<string, string[]>) =>
  new ApiError(status, { message });
/** The error for a thing that is not there, or that the token may not see. */
export const notFound = (what: string) => fail(404, `404 ${what} Not Found`);
/** The error for a token without a scope. */
export const insufficient = (scope: string) =>
  new ApiError(403, {
    error: "insufficient_scope",
    error_description: "The request requires higher privileges than provided by the access token.",
    scope,
  });

/** Where a project of that path is now. The message is its address. */
export class Moved extends Error {}

/** A project's path with groups, as the state has it. */
export const keyOf = ({ group, path }: Pick<Project, "group" | "path">) => `${group}/${path}`.toLowerCase();
