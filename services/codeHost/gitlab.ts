import { z } from "zod";

import { UserError } from "../common/errors.ts";
import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import { type JsonClient, jsonClient } from "../http/jsonClient.ts";
import type { RemoteService, ServiceAccess } from "../http/remoteService.ts";
import { ACCEPTED, REFUSED, type TokenFacts, tokenFacts } from "../http/tokenFacts.ts";
import type { CodeHost, RepositoryState } from "./codeHost.ts";
import { originOf } from "./git.ts";
import { gitlabContent } from "./gitlabContent.ts";
import { gitlabMirrors } from "./gitlabMirrors.ts";
import { everyPage } from "./listingPages.ts";

/** GitLab, and the variable with its token. */
export const GITLAB = { name: "GitLab", tokenName: "GITLAB_TOKEN" } as const satisfies RemoteService;

const GITLAB_ADDRESS = "https://gitlab.com";
/** GitLab takes any name beside a token (https://docs.gitlab.com/topics/git/clone/#clone-using-a-token). */
const USERNAME = "oauth2";

/** Groups and name. GitLab would take a path without a group for a project's number. */
const FULL_NAME = /^[^/]+(\/[^/]+)+$/;

/** What names the default branch of a project that has none yet. */
const UNBORN = "main";

const projectAnswer = z.object({
  id: z.number(),
  path_with_namespace: z.string(),
  default_branch: z.string().nullish(),
  visibility: z.string(),
  archived: z.boolean().optional(),
});
/** A project as {@link RepositoryState} has it, without its branches. */
const stateOf = ({ path_with_namespace: fullName, default_branch, visibility, archived = false }: Project) => ({
  fullName,
  defaultBranch: default_branch ?? UNBORN,
  isPrivate: visibility === "private",
  isArchived: archived,
});
type Project = z.output<typeof projectAnswer>;

const branchesAnswer = z.array(z.object({ name: z.string(), protected: z.boolean() }));
const exportAnswer = z.record(z.string(), z.unknown());
const tokenAnswer = z.object({
  active: z.boolean(),
  revoked: z.boolean(),
  scopes: z.array(z.string()).optional(),
  expires_at: z.string().nullish(),
});
/** Fields of a project that are secrets, or may contain one. */
const SECRET_FIELDS = ["runners_token", "import_url"];

/** An error is a text, texts by field, or in the form of OAuth. */
const errorAnswer = z.object({
  message: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
  scope: z.string().optional(),
});

/**
 * Repositories on GitLab, there called projects, whose full name is the path with all groups (fields and paths: https://docs.gitlab.com/api/rest). An
 * endpoint is the address of a GitLab of one's own.
 */
export function gitlabCode(access: ServiceAccess): CodeHost {
  const endpoint = (access.endpoint ?? GITLAB_ADDRESS).replace(/\/+$/, "");
  const baseUrl = `${endpoint}/api/v4`;
  const call = jsonClient({ ...GITLAB, ...access, baseUrl, describeError });
  return {
    ...GITLAB,
    ...gitlabContent(call, projectPath),
    ...gitlabMirrors(call, projectPath, (answered) => ({ ...stateOf(answered), protectedBranches: [] })),
    gitCredential: () => {
      return { origin: originOf(endpoint), username: USERNAME, token: access.token, tokenName: GITLAB.tokenName };
    },
    inspectToken: (signal) =>
      // A token without a scope for the API may not ask, and is valid.
      tokenFacts(factsFrom(call, signal), ({ status }) => ({ 401: REFUSED, 403: ACCEPTED })[status]),
    // https://docs.gitlab.com/api/projects/#list-all-projects
    repositories: async (signal) => {
      const query = { membership: "true" };
      const found = await everyPage(call, { path: "/projects", query, answer: z.array(projectAnswer), signal });
      return found
        .map(stateOf)
        .map(({ fullName, defaultBranch, isPrivate }) => ({ fullName, defaultBranch, isPrivate }));
    },
    exportRepository: async (fullName, signal) => {
      if (!FULL_NAME.test(fullName)) return undefined;
      const found = await unlessNotFound(
        call({ method: "GET", path: projectPath(fullName), answer: exportAnswer, signal }),
      );
      return found && Object.fromEntries(Object.entries(found).filter(([key]) => !SECRET_FIELDS.includes(key)));
    },
    repository: async (fullName, signal): Promise<RepositoryState | undefined> => {
      if (!FULL_NAME.test(fullName)) return undefined;
      const found = await unlessNotFound(movedOr(call, baseUrl, projectPath(fullName), signal));
      if (found === undefined) return undefined;
      // Rules may name patterns, so the branches say whether they are protected: https://docs.gitlab.com/api/branches
      const path = `/projects/${found.id}/repository/branches`;
      const branches = await everyPage(call, { path, answer: branchesAnswer, signal });
      const guarded = branches.filter((branch) => branch.protected);
      return { ...stateOf(found), protectedBranches: guarded.map(({ name }) => name) };
    },
    // https://docs.gitlab.com/api/projects/#edit-a-project
    setDefaultBranch: async (fullName, branch, signal) => {
      const body = { default_branch: branch };
      await call({ method: "PUT", path: projectPath(fullName), body, answer: z.unknown(), signal });
    },
  };
}

/**
 * A project, by way of the address that GitLab answers for a former path: one by number, which stays. Only within the API, because the token goes
 * along. Source: https://gitlab.com/gitlab-org/gitlab, lib/api/helpers.rb (`find_project!`).
 */
async function movedOr(call: JsonClient, baseUrl: string, path: string, signal?: AbortSignal): Promise<Project> {
  const read = (at: string) => call({ method: "GET", path: at, answer: projectAnswer, signal });
  try {
    return await read(path);
  } catch (error) {
    const moved = error instanceof ServiceError && error.status < 400 ? error.location : undefined;
    if (moved?.startsWith(`${baseUrl}/projects/`) !== true) throw error;
    return await read(moved.slice(baseUrl.length));
  }
}

/** Path of a project in the API. */
function projectPath(fullName: string): string {
  if (!FULL_NAME.test(fullName)) throw new UserError(`"${fullName}" is not a project on GitLab: write group/name.`);
  return `/projects/${segment(fullName)}`;
}

/** Source: https://docs.gitlab.com/api/personal_access_tokens/#get-details-on-a-personal-access-token, also for tokens of groups and projects. */
async function factsFrom(call: JsonClient, signal?: AbortSignal): Promise<TokenFacts> {
  const told = await call({ method: "GET", path: "/personal_access_tokens/self", answer: tokenAnswer, signal });
  if (!told.active || told.revoked) return REFUSED;
  // A token ends as its last date begins, in UTC: https://docs.gitlab.com/user/profile/personal_access_tokens
  const expiresAt = typeof told.expires_at !== "string" ? "never" : new Date(`${told.expires_at}T00:00:00Z`);
  return { isValid: true, scopes: told.scopes, expiresAt };
}

/** GitLab's own words, with the scope that a token lacks. */
function describeError(body: unknown): { message?: string | undefined; code?: string | undefined } {
  const { message, error, error_description: reason, scope } = errorAnswer.safeParse(body).data ?? {};
  const text = typeof message === "object" ? JSON.stringify(message) : message;
  const lacking =
    error === "insufficient_scope" && scope !== undefined ? `the token lacks the scope ${scope}` : undefined;
  return { message: lacking ?? text ?? reason ?? error, code: error };
}
