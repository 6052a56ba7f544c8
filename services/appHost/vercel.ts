import { z } from "zod";

import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import { jsonClient } from "../http/jsonClient.ts";
import {
  aliasAnswer,
  bypassAnswer,
  deploymentAnswer,
  domainAnswer,
  envAnswer,
  errorAnswer,
  missingAnswer,
  projectAnswer,
  type VercelAlias,
  type VercelDeployment,
  type VercelDomain,
  type VercelProject,
  type VercelVariable,
} from "./vercelAnswers.ts";

export type { VercelAlias, VercelDeployment, VercelDomain, VercelProject, VercelVariable } from "./vercelAnswers.ts";

/** Vercel's API, as published. */
const VERCEL_API = "https://api.vercel.com";
/** What a public name on Vercel points to (https://vercel.com/docs/domains/working-with-domains/add-a-domain). */
export const VERCEL_CNAME = "cname.vercel-dns.com";

/**
 * Environment variable of each deployment that holds its commit, at build and at run. Vercel's own VERCEL_GIT_COMMIT_SHA is documented for
 * deployments from a linked repository; that uploaded files get it, too, is not.
 */
const COMMIT_VARIABLE = "CASTCHAT_COMMIT_SHA";

/** A secret that opens a project's protected deployments to an automation. */
export interface VercelBypass {
  secret: string;
  note: string | undefined;
}

/** A file of a deployment, by the SHA-1 of its content (Vercel's choice). `mode` is the octal file mode. */
export interface DeploymentFile {
  file: string;
  sha: string;
  size: number;
  mode: number;
}

/** What the product asks of Vercel. Every call throws ServiceError or UnreachableError (services/http/http.ts). */
export interface Vercel {
  project(idOrName: string, signal?: AbortSignal): Promise<VercelProject | undefined>;
  projects(signal?: AbortSignal): Promise<VercelProject[]>;
  /** The project's settings as Vercel gives them. */
  projectSettings(idOrName: string, signal?: AbortSignal): Promise<Record<string, unknown> | undefined>;
  variables(projectId: string, signal?: AbortSignal): Promise<VercelVariable[]>;
  /** Those of these names that a new one of a target would clash with, by id. */
  clashingVariables(
    projectId: string,
    wanted: readonly { key: string; targets: readonly string[] }[],
    signal?: AbortSignal,
  ): Promise<{ id: string; key: string }[]>;
  /** A variable that is gone already is fine. */
  removeVariable(projectId: string, id: string, signal?: AbortSignal): Promise<void>;
  /** Lets deployments from now on see Vercel's system variables. No other setting is changed. */
  exposeSystemVariables(projectId: string, signal?: AbortSignal): Promise<void>;
  /** Secrets that open the project's protected deployments to automations. */
  bypasses(projectId: string, signal?: AbortSignal): Promise<VercelBypass[]>;
  /** Has Vercel make one more such secret; gives all. The note is shown in Vercel. */
  addBypass(projectId: string, note: string, signal?: AbortSignal): Promise<VercelBypass[]>;
  pauseProject(projectId: string, signal?: AbortSignal): Promise<void>;
  /** Uploads one file's content; a content that is there already is fine. */
  uploadFile(sha: string, content: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Starts a production deployment, or names the contents that were not uploaded yet. */
  createDeployment(
    wanted: {
      projectId: string;
      projectName: string;
      files: readonly DeploymentFile[];
      commit: string;
      branch: string;
      sourceUrl: string;
    },
    signal?: AbortSignal,
  ): Promise<VercelDeployment | { missing: string[] }>;
  /** By id, or by the host name of its own address. */
  deployment(idOrHost: string, signal?: AbortSignal): Promise<VercelDeployment | undefined>;
  /** What Vercel serves a name from; nothing while it serves the name from nowhere. */
  alias(name: string, signal?: AbortSignal): Promise<VercelAlias | undefined>;
  /** Whether a project has a deployment of any kind and state. */
  hasDeployments(projectId: string, signal?: AbortSignal): Promise<boolean>;
  /** Gives the project's public names to a deployment; one that has them already is fine. */
  promoteDeployment(projectId: string, deploymentId: string, signal?: AbortSignal): Promise<void>;
  /** A deployment that is gone already is fine. */
  deleteDeployment(id: string, signal?: AbortSignal): Promise<void>;
  domains(projectId: string, signal?: AbortSignal): Promise<VercelDomain[]>;
  domain(projectId: string, name: string, signal?: AbortSignal): Promise<VercelDomain | undefined>;
  /** Adds a domain; `inUse` when another project has it. */
  addDomain(projectId: string, name: string, signal?: AbortSignal): Promise<VercelDomain | "inUse">;
  moveDomain(fromProjectId: string, name: string, toProjectId: string, signal?: AbortSignal): Promise<VercelDomain>;
  verifyDomain(projectId: string, name: string, signal?: AbortSignal): Promise<VercelDomain>;
  removeDomain(projectId: string, name: string, signal?: AbortSignal): Promise<void>;
}

/** Where and as whom Vercel is spoken to. */
export interface VercelOptions {
  token: string;
  endpoint?: string | undefined;
  /** Team, by id (`team_…`) or slug; none for a personal account. */
  team?: string | undefined;
  timeoutMs?: number;
  retryDelayMs?: number;
}

/** A client of Vercel's REST API (fields and paths: https://vercel.com/docs/rest-api). */
export function vercelClient(options: VercelOptions): Vercel {
  const call = jsonClient({
    service: "Vercel",
    baseUrl: options.endpoint ?? VERCEL_API,
    token: options.token,
    tokenName: "VERCEL_API_TOKEN",
    describeError: (body) => errorAnswer.safeParse(body).data?.error ?? {},
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    ...(options.retryDelayMs === undefined ? {} : { retryDelayMs: options.retryDelayMs }),
  });
  const team = options.team ? { [options.team.startsWith("team_") ? "teamId" : "slug"]: options.team } : {};
  const envPath = (project: string): string => `/v9/projects/${segment(project)}/env`;
  const domainPath = (project: string, name: string, version = "v9"): string =>
    `/${version}/projects/${segment(project)}/domains/${segment(name)}`;
  return {
    project: (id, signal) =>
      unlessNotFound(
        call({ method: "GET", path: `/v9/projects/${segment(id)}`, query: team, answer: projectAnswer, signal }),
      ),
    projects: (signal) => allProjects(call, team, signal),
    projectSettings: (id, signal) => {
      const answer = z.record(z.string(), z.unknown());
      return unlessNotFound(call({ method: "GET", path: `/v9/projects/${segment(id)}`, query: team, answer, signal }));
    },
    variables: async (id, signal) => {
      const { envs } = await call({ method: "GET", path: envPath(id), query: team, answer: envAnswer, signal });
      return envs.map(({ key, type, target }) => ({ key, type: type ?? "plain", targets: [target ?? []].flat() }));
    },
    clashingVariables: async (id, wanted, signal) => {
      const { envs } = await call({ method: "GET", path: envPath(id), query: team, answer: envAnswer, signal });
      return envs.flatMap(({ id: variable, key, target }) => {
        const clash = wanted.some(
          (one) => one.key === key && [target ?? []].flat().some((at) => one.targets.includes(at)),
        );
        return clash && variable !== undefined ? [{ id: variable, key }] : [];
      });
    },
    removeVariable: async (id, variable, signal) => {
      const path = `${envPath(id)}/${segment(variable)}`;
      await unlessNotFound(call({ method: "DELETE", path, query: team, answer: z.unknown(), signal }));
    },
    exposeSystemVariables: async (id, signal) => {
      const path = `/v9/projects/${segment(id)}`;
      const body = { autoExposeSystemEnvs: true };
      await call({ method: "PATCH", path, query: team, body, answer: z.unknown(), repeatable: true, signal });
    },
    bypasses: async (id, signal) => {
      const path = `/v9/projects/${segment(id)}`;
      return bypassesOf(await call({ method: "GET", path, query: team, answer: bypassAnswer, signal }));
    },
    addBypass: async (id, note, signal) => {
      // Path and body as Vercel's own provider has them (terraform-provider-vercel v5.4.1, client/project_protection_bypass.go).
      const path = `/v10/projects/${segment(id)}/protection-bypass`;
      const body = { generate: { note } };
      return bypassesOf(await call({ method: "PATCH", path, query: team, body, answer: bypassAnswer, signal }));
    },
    pauseProject: async (id, signal) => {
      const path = `/v1/projects/${segment(id)}/pause`;
      await call({ method: "POST", path, query: team, answer: z.unknown(), repeatable: true, signal });
    },
    uploadFile: async (sha, content, signal) => {
      const headers = { "x-vercel-digest": sha, "content-type": "application/octet-stream" };
      // The digest names the content, so that a second upload of it changes nothing.
      await call({
        method: "POST",
        path: "/v2/files",
        query: team,
        headers,
        body: content,
        answer: z.unknown(),
        repeatable: true,
        signal,
      });
    },
    createDeployment: async (wanted, signal) => {
      try {
        return await call({
          method: "POST",
          path: "/v13/deployments",
          query: { ...team, skipAutoDetectionConfirmation: "1" },
          body: {
            name: wanted.projectName,
            project: wanted.projectId,
            target: "production",
            files: wanted.files,
            gitMetadata: {
              remoteUrl: wanted.sourceUrl,
              commitSha: wanted.commit,
              commitRef: wanted.branch,
              dirty: false,
            },
            meta: { githubCommitSha: wanted.commit, githubCommitRef: wanted.branch },
            // As `vercel deploy --env … --build-env …` sends them.
            env: { [COMMIT_VARIABLE]: wanted.commit },
            build: { env: { [COMMIT_VARIABLE]: wanted.commit } },
          },
          answer: deploymentAnswer,
          signal,
        });
      } catch (error) {
        if (error instanceof ServiceError && error.code === "missing_files") {
          return { missing: missingAnswer.safeParse(error.body).data?.error.missing ?? [] };
        }
        throw error;
      }
    },
    deployment: (id, signal) => {
      const path = `/v13/deployments/${segment(id)}`;
      return unlessNotFound(call({ method: "GET", path, query: team, answer: deploymentAnswer, signal }));
    },
    alias: (name, signal) =>
      unlessNotFound(
        call({ method: "GET", path: `/v4/aliases/${segment(name)}`, query: team, answer: aliasAnswer, signal }),
      ),
    hasDeployments: async (id, signal) => {
      const answer = z.object({ deployments: z.array(z.unknown()) });
      const query = { ...team, projectId: id, limit: 1 };
      return (await call({ method: "GET", path: "/v6/deployments", query, answer, signal })).deployments.length > 0;
    },
    promoteDeployment: async (projectId, id, signal) => {
      const path = `/v10/projects/${segment(projectId)}/promote/${segment(id)}`;
      try {
        await call({ method: "POST", path, query: team, answer: z.unknown(), repeatable: true, signal });
      } catch (error) {
        if (!(error instanceof ServiceError && error.status === 409)) throw error;
      }
    },
    deleteDeployment: async (id, signal) => {
      const path = `/v13/deployments/${segment(id)}`;
      await unlessNotFound(call({ method: "DELETE", path, query: team, answer: z.unknown(), signal }));
    },
    domains: async (id, signal) => {
      const path = `/v9/projects/${segment(id)}/domains`;
      const answer = z.object({ domains: z.array(domainAnswer) });
      return (await call({ method: "GET", path, query: { ...team, limit: 100 }, answer, signal })).domains;
    },
    domain: (id, name, signal) =>
      unlessNotFound(call({ method: "GET", path: domainPath(id, name), query: team, answer: domainAnswer, signal })),
    addDomain: async (id, name, signal) => {
      try {
        const path = `/v10/projects/${segment(id)}/domains`;
        return await call({ method: "POST", path, query: team, body: { name }, answer: domainAnswer, signal });
      } catch (error) {
        if (error instanceof ServiceError && error.status === 409) return "inUse";
        throw error;
      }
    },
    moveDomain: (from, name, to, signal) => {
      const path = `${domainPath(from, name, "v1")}/move`;
      return call({ method: "POST", path, query: team, body: { projectId: to }, answer: domainAnswer, signal });
    },
    verifyDomain: (id, name, signal) =>
      call({
        method: "POST",
        path: `${domainPath(id, name)}/verify`,
        query: team,
        answer: domainAnswer,
        repeatable: true,
        signal,
      }),
    removeDomain: async (id, name, signal) => {
      await unlessNotFound(
        call({ method: "DELETE", path: domainPath(id, name), query: team, answer: z.unknown(), signal }),
      );
    },
  };
}

function bypassesOf({ protectionBypass }: z.infer<typeof bypassAnswer>): VercelBypass[] {
  return Object.entries(protectionBypass ?? {})
    .filter(([, { scope }]) => scope === "automation-bypass")
    .map(([secret, { note }]) => ({ secret, note: note ?? undefined }));
}

/** More pages than any account has: a listing that goes on is a fault of the service. */
const MOST_PAGES = 1000;

async function allProjects(
  call: ReturnType<typeof jsonClient>,
  team: Record<string, string>,
  signal?: AbortSignal,
): Promise<VercelProject[]> {
  const answer = z.object({
    projects: z.array(projectAnswer),
    pagination: z.object({ next: z.union([z.number(), z.string()]).nullish() }).nullish(),
  });
  const found: VercelProject[] = [];
  let from: string | number | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = { ...team, limit: 100, from };
    const listed = await call({ method: "GET", path: "/v9/projects", query, answer, signal });
    found.push(...listed.projects);
    from = listed.pagination?.next ?? undefined;
    if (from === undefined) break;
  }
  return found;
}
