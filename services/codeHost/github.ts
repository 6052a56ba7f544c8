import { z } from "zod";

import { segment, ServiceError, unlessNotFound } from "../http/http.ts";
import { type JsonClient, jsonClient } from "../http/jsonClient.ts";
import type { RemoteService, ServiceAccess } from "../http/remoteService.ts";
import { ACCEPTED, REFUSED, type TokenFacts, tokenFacts } from "../http/tokenFacts.ts";
import type { CodeHost, ListedRepository } from "./codeHost.ts";
import { originOf } from "./git.ts";
import { githubContent } from "./githubContent.ts";
import { githubMirrors } from "./githubMirrors.ts";
import { everyPage } from "./listingPages.ts";

/** GitHub, and the variable with its token. */
export const GITHUB = { name: "GitHub", tokenName: "GITHUB_TOKEN" } as const satisfies RemoteService;

/** GitHub's addresses: of its REST API, as published, and of git over HTTPS. */
const GITHUB_API = "https://api.github.com";
const GITHUB_GIT = "https://github.com";
/** GitHub takes any token with this name. */
const USERNAME = "x-access-token";

/** Owner and name. A part that is only dots would change the path in the API. */
const FULL_NAME = /^(?!\.+\/)[^/]+\/(?!\.+$)[^/]+$/;

/** Of a repository (https://docs.github.com/rest/repos/repos#get-a-repository); addresses end with "url". */
const STATUS_FIELDS: ReadonlySet<string> = new Set([
  ...["created_at", "updated_at", "pushed_at", "size", "stargazers_count", "watchers_count", "watchers", "forks_count"],
  ...["forks", "open_issues_count", "open_issues", "network_count", "subscribers_count", "permissions", "owner"],
  ...[
    "organization",
    "id",
    "node_id",
    "language",
    "score",
    "temp_clone_token",
    "security_and_analysis",
    "parent",
    "source",
  ],
]);

const listedAnswer = z.array(
  z
    .object({ full_name: z.string(), default_branch: z.string().optional(), private: z.boolean() })
    .transform(({ full_name: fullName, default_branch: defaultBranch = "main", private: isPrivate }) => ({
      fullName,
      defaultBranch,
      isPrivate,
    })),
);
const repositoryAnswer = z.record(z.string(), z.unknown());
const stateAnswer = z.object({
  full_name: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  private: z.boolean(),
});
const branchesAnswer = z.array(z.object({ name: z.string() }));
const movedAnswer = z.object({ url: z.string() });
const errorAnswer = z.object({ message: z.string().optional() });

/**
 * Repositories on GitHub (fields and paths: https://docs.github.com/rest). An endpoint is the address of a GitHub Enterprise server, whose
 * API lies under `/api/v3`.
 */
export function githubCode(access: ServiceAccess): CodeHost {
  const endpoint = (access.endpoint ?? GITHUB_GIT).replace(/\/+$/, "");
  const baseUrl = endpoint === GITHUB_GIT ? GITHUB_API : `${endpoint.replace(/\/api\/v3$/, "")}/api/v3`;
  const call = jsonClient({
    ...GITHUB,
    ...access,
    baseUrl,
    describeError: (body) => errorAnswer.safeParse(body).data ?? {},
  });
  return {
    ...GITHUB,
    statusFields: STATUS_FIELDS,
    ...githubContent(call, repositoryPath),
    ...githubMirrors(call, repositoryPath),
    gitCredential: () => {
      return { origin: originOf(endpoint), username: USERNAME, token: access.token, tokenName: GITHUB.tokenName };
    },
    inspectToken: (signal) =>
      // The token of an app's installation is no user's, and is refused with 403.
      tokenFacts(factsFrom(call, signal), ({ status }) => ({ 401: REFUSED, 403: ACCEPTED })[status]),
    // A page may hold fewer entries than were asked for, so that only an empty one is the last. Sources:
    // https://docs.github.com/rest/repos/repos#list-repositories-for-the-authenticated-user and
    // https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
    repositories: async (signal): Promise<ListedRepository[]> => {
      return await everyPage(call, { path: "/user/repos", answer: listedAnswer, signal });
    },
    exportRepository: async (fullName, signal) => {
      if (!FULL_NAME.test(fullName)) return undefined;
      return unlessNotFound(call({ method: "GET", path: repositoryPath(fullName), answer: repositoryAnswer, signal }));
    },
    repository: async (fullName, signal) => {
      if (!FULL_NAME.test(fullName)) return undefined;
      const found = await unlessNotFound(movedOr(call, baseUrl, repositoryPath(fullName), signal));
      if (found === undefined) return undefined;
      // https://docs.github.com/rest/branches/branches#list-branches
      const path = `${repositoryPath(found.full_name)}/branches`;
      const guarded = await everyPage(call, { path, query: { protected: "true" }, answer: branchesAnswer, signal });
      return {
        fullName: found.full_name,
        defaultBranch: found.default_branch,
        isPrivate: found.private,
        isArchived: found.archived,
        protectedBranches: guarded.map(({ name }) => name),
      };
    },
    // https://docs.github.com/rest/repos/repos#update-a-repository
    setDefaultBranch: async (fullName, branch, signal) => {
      const body = { default_branch: branch };
      await call({ method: "PATCH", path: repositoryPath(fullName), body, answer: z.unknown(), signal });
    },
  };
}

/**
 * A repository, by way of the address that GitHub answers for a former name: one by number, which stays. Only within the API, because the
 * token goes along. Source: https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api (redirects).
 */
async function movedOr(call: JsonClient, baseUrl: string, path: string, signal?: AbortSignal) {
  const read = (at: string) => call({ method: "GET", path: at, answer: stateAnswer, signal });
  try {
    return await read(path);
  } catch (error) {
    const moved =
      error instanceof ServiceError && MOVED.has(error.status) ? movedAnswer.safeParse(error.body) : undefined;
    if (moved?.data?.url.startsWith(`${baseUrl}/repositories/`) !== true) throw error;
    return await read(moved.data.url.slice(baseUrl.length));
  }
}

const MOVED: ReadonlySet<number> = new Set([301, 302, 307, 308]);

/** Path of a repository in the API. */
function repositoryPath(fullName: string): string {
  return `/repos/${fullName.split("/").map(segment).join("/")}`;
}

/**
 * What the headers of an answer say of the token: the scopes of a classic one, and the expiry of one that ends. Sources:
 * https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps (`X-OAuth-Scopes`) and
 * https://github.com/google/go-github, github/github.go (both forms of the time in `GitHub-Authentication-Token-Expiration`).
 */
async function factsFrom(call: JsonClient, signal?: AbortSignal): Promise<TokenFacts> {
  const told: { scopes: string | null; expiry: string | null } = { scopes: null, expiry: null };
  const onHeaders = (headers: Headers) => {
    told.scopes = headers.get("x-oauth-scopes");
    told.expiry = headers.get("github-authentication-token-expiration");
  };
  await call({ method: "GET", path: "/user", answer: z.unknown(), onHeaders, signal });
  const scopes = told.scopes?.split(",").flatMap((scope) => scope.trim() || []);
  return { isValid: true, scopes, expiresAt: told.expiry === null ? "never" : timeOf(told.expiry) };
}

/** A time as `2026-12-31 08:00:00 UTC` or `2026-12-31 08:00:00 +0900`; undefined for another form. */
function timeOf(text: string): Date | undefined {
  const [, day, time, hours = "+00", minutes = "00"] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) (?:UTC|([+-]\d\d)(\d\d))$/.exec(text) ?? [];
  return day === undefined ? undefined : new Date(`${day}T${time}${hours}:${minutes}`);
}
