import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";

import type { EmulatorDependencies } from "../host/services.ts";
import { ApiError } from "./http.ts";
import { openStore } from "./store.ts";

/** The dependencies of Vercel's emulator. */
export type VercelDeps = Pick<EmulatorDependencies, "paths" | "credentials" | "apps" | "clock">;

/** An environment variable of a project, with Vercel's names of its fields. */
export interface Variable {
  id: string;
  key: string;
  value: string;
  type: string;
  target: string[];
  gitBranch?: string | null | undefined;
  /** Of the project's own environments, by id. */
  customEnvironmentIds?: string[] | undefined;
  comment?: string | undefined;
  createdAt: number;
  updatedAt: number;
}
/** A domain of a project. */
export interface Domain {
  name: string;
  gitBranch?: string | null | undefined;
  redirect?: string | null | undefined;
  redirectStatusCode?: number | null | undefined;
  /** The TXT record that proves the name, while a project of another team has it. */
  proof?: { domain: string; value: string } | undefined;
  createdAt: number;
  updatedAt: number;
}
/** A bypass that opens a project's protected deployments to automation. The project stores it under its secret. */
export interface Bypass {
  createdAt: number;
  createdBy: string;
  scope: "automation-bypass";
  isEnvVar: boolean;
  note?: string;
}
/** A team beside the account of the sandbox's token. Its own token sees its projects, and no other token does. */
export interface OtherTeam {
  id: string;
  slug: string;
  token: string;
}
/** What differs between one account of Vercel and another. */
export interface VercelPlatform {
  /** When the token ends, which is then as unknown as a wrong one. Never, if undefined. */
  tokenExpiresAt?: Date;
  /** On Hobby a rollback leads to the production deployment before the present one only. Pro, if undefined. */
  plan?: "hobby" | "pro";
  /** None, if undefined. */
  otherTeams?: readonly OtherTeam[];
  /** The TXT records of a name, which prove names. */
  textsAt?: (name: string) => readonly string[];
}

/** The scheduled calls of a project. Times in milliseconds since 1970. */
export interface Crons {
  definitions: { host: string; path: string; schedule: string }[];
  /** Null before a deployment had some. */
  deploymentId: string | null;
  enabledAt: number;
  updatedAt: number;
  disabledAt: number | null;
}
/** A request to move a project's domains. Here it is done at once. */
export interface AliasRequest {
  fromDeploymentId: string | null;
  toDeploymentId: string;
  jobStatus: "succeeded";
  requestedAt: number;
  type: "promote" | "rollback";
}
/** A project without its deployments. */
export interface Project {
  id: string;
  /** Id of the team; undefined for the account of the sandbox's token. */
  team?: string | undefined;
  name: string;
  settings: Record<string, unknown>;
  variables: Variable[];
  domains: Domain[];
  /** By secret. */
  bypasses: Record<string, Bypass>;
  /** The deployment that serves the project's domains. */
  production?: string | undefined;
  /** The last promotion or rollback. */
  lastAliasRequest?: AliasRequest | undefined;
  /** What was said about the last rollback. */
  rollbackDescription?: { createdAt: number; description: string; userId: string; username: string } | undefined;
  /** Those of the deployment that serves the domains. */
  crons?: Crons | undefined;
  paused: boolean;
  createdAt: number;
  updatedAt: number;
}
/** One deployment. Times in milliseconds since 1970. */
export interface Deployment {
  id: string;
  name: string;
  /** Host name, without a scheme. */
  url: string;
  projectId: string;
  target: "production" | null;
  readyState: "BUILDING" | "READY" | "ERROR";
  /** It has served the domains, so a rollback can lead to it. */
  wasPromoted?: boolean;
  /** Files that nothing was built from. */
  isStatic?: boolean;
  files: { file: string; sha: string; isLink?: boolean }[];
  meta: Record<string, unknown>;
  gitMetadata?: Record<string, unknown> | undefined;
  /** Variables of only this deployment, in addition to its project's. */
  env: Record<string, string>;
  createdAt: number;
  ready?: number;
  errorCode?: string;
  errorMessage?: string;
}

/** Vercel's state, and the look-ups that its routes share. */
export function openVercelWorld(deps: VercelDeps) {
  const { state, save } = openStore(join(deps.paths.emulators, "vercel.json"), {
    projects: [] as Project[],
    deployments: [] as Deployment[],
  });
  const scope = new AsyncLocalStorage<{ team: string | undefined }>();
  /** The projects of a request's team. Work in the background without a request sees all. */
  const seen = (): Project[] => {
    const asking = scope.getStore();
    return asking === undefined ? state.projects : state.projects.filter(({ team }) => team === asking.team);
  };
  return {
    deps,
    state,
    save,
    seen,
    /** Runs a request for a team. */
    inTeam: <T>(team: string | undefined, run: () => T): T => scope.run({ team }, run),
    /** The team of the request. */
    team: (): string | undefined => scope.getStore()?.team,
    now: () => deps.clock().getTime(),
    findProject: (idOrName: string): Project => {
      const found = seen().find((project) => project.id === idOrName || project.name === idOrName);
      if (found === undefined) throw refusal(404, "not_found", "Project not found.");
      return found;
    },
  };
}
/** See {@link openVercelWorld}. */
export type VercelWorld = ReturnType<typeof openVercelWorld>;

/** An error in Vercel's format. */
export function refusal(
  status: 400 | 402 | 403 | 404 | 409,
  code: string,
  message: string,
  more: object = {},
): ApiError {
  return new ApiError(status, { error: { code, message, ...more } });
}

/** The error for a wrong field in a request. */
export function badRequest(fault: string): ApiError {
  return refusal(400, "bad_request", `Invalid request: ${fault}`);
}

/**
 * One page of a list, by `limit` and the cursor of the page before. Vercel's cursors are times of entries; here they are places in the list,
 * since entries of a test may be of the same time.
 */
export function page<T>(
  entries: readonly T[],
  { limit, cursor }: { limit?: string | undefined; cursor?: string | undefined },
) {
  const [from, per] = [Number(cursor ?? 0), Math.min(Number(limit ?? 20), 100)];
  const shown = entries.slice(from, from + per);
  const next = from + per < entries.length ? from + per : null;
  return { shown, pagination: { count: shown.length, next, prev: from > 0 ? Math.max(0, from - per) : null } };
}
