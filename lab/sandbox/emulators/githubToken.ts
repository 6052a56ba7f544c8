import type { Context, Hono } from "hono";

import { fail, type GithubDeps } from "./githubState.ts";
import { basicPassword, bearerToken } from "./http.ts";

/** What a personal access token may do (https://docs.github.com/authentication, "Managing your personal access tokens"). */
export interface GithubToken {
  /** The only owner whose private repositories a fine-grained token sees; a classic one sees those of all owners. */
  owner?: string | undefined;
  /** Whether it may change files in `.github/workflows`: scope `workflow`, or the permission Workflows of a fine-grained token. */
  workflows: boolean;
  /** Never, if undefined. */
  expiresAt?: Date;
}

/** A classic token with the scopes `repo` and `workflow`. */
const CLASSIC_TOKEN: GithubToken = { workflows: true };

/** What the tokens of the sandbox may do, by their names among its credentials. */
export type GithubTokens = Readonly<Record<"githubToken" | "mirrorGithubToken", GithubToken>>;
/** Tokens of people who took the classic form. */
export const CLASSIC_TOKENS: GithubTokens = { githubToken: CLASSIC_TOKEN, mirrorGithubToken: CLASSIC_TOKEN };
/** The token of a request; undefined for a reader without one. */
export type TokenOf = (c: Context) => GithubToken | undefined;

/** The answer to git without a password or with a wrong one; git then asks for another. */
export const gitUnauthorized = () =>
  new Response("Repository not found.", { status: 401, headers: { "www-authenticate": 'Basic realm="GitHub"' } });

/** Whether a path belongs to git and not to the API. */
const isGitPath = (path: string): boolean => /^\/[^/]+\/[^/]+\.git\//.test(path);

/**
 * Checks the token of each request. Answers to it name its scopes, if it is a classic one, and its expiry; from then on it is as unknown as a
 * wrong one. (https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps; the header of the expiry is documented for
 * organizations' policies on tokens.) Returns what finds the token of a request.
 */
export function addTokenCheck(app: Hono, deps: GithubDeps, tokens: GithubTokens): TokenOf {
  const tokenOf: TokenOf = (c) => {
    const header = c.req.header("authorization") ?? "";
    const given = bearerToken(header) ?? basicPassword(header);
    const names = ["githubToken", "mirrorGithubToken"] as const;
    const name = names.find((one) => given !== undefined && deps.credentials[one] === given);
    return name && tokens[name];
  };
  app.use("*", async (c: Context, next) => {
    const header = c.req.header("authorization");
    const isGit = isGitPath(c.req.path);
    const token = tokenOf(c);
    const isOver = token?.expiresAt !== undefined && token.expiresAt <= deps.clock();
    if (header !== undefined && (token === undefined || isOver))
      return isGit ? gitUnauthorized() : c.json(fail(401, "Bad credentials").body, 401);
    // A reader without a token only sees public repositories; `find` hides the private ones.
    const isOpen = c.req.path.startsWith("/lfs-store/") || (c.req.method === "GET" && c.req.path.startsWith("/repos/"));
    if (header === undefined && !isGit && !isOpen) return c.json(fail(401, "Requires authentication").body, 401);
    await next();
    if (token === undefined) return undefined;
    if (token.owner === undefined) c.header("x-oauth-scopes", token.workflows ? "repo, workflow" : "repo");
    if (token.expiresAt !== undefined) c.header("github-authentication-token-expiration", shownTime(token.expiresAt));
    return undefined;
  });
  return tokenOf;
}

/** Whether a token is for that owner. Without one no owner's private parts can be seen. */
export function isFor(token: GithubToken | undefined, owner: string): boolean {
  if (token === undefined) return false;
  return token.owner === undefined || token.owner.toLowerCase() === owner.toLowerCase();
}

/** As GitHub writes it: `2026-12-31 08:00:00 UTC`. */
function shownTime(time: Date): string {
  return time
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}
