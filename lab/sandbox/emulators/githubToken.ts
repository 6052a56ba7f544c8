import type { Context, Hono } from "hono";

import { fail, type GithubDeps } from "./githubState.ts";
import { basicPassword, bearerToken } from "./http.ts";

/** What a personal access token may do (https://docs.github.com/authentication, "Managing your personal access tokens"). */
export interface GithubToken {
  /** The only owner whose private repositories a fine-grained token sees; a classic one sees those of all owners. */
  owner?: string;
  /** Whether it may change files in `.github/workflows`: scope `workflow`, or the permission Workflows of a fine-grained token. */
  workflows: boolean;
  /** Never, if undefined. */
  expiresAt?: Date;
}

/** The token of the sandbox: a classic one with the scopes that docs/accounts.md asks for. */
export const CLASSIC_TOKEN: GithubToken = { workflows: true };

/** The answer to git without a password or with a wrong one; git then asks for another. */
export const gitUnauthorized = () =>
  new Response("Repository not found.", { status: 401, headers: { "www-authenticate": 'Basic realm="GitHub"' } });

/** Whether a path belongs to git and not to the API. */
const isGitPath = (path: string): boolean => /^\/[^/]+\/[^/]+\.git\//.test(path);

/**
 * Checks the token of each request. Answers to it name its scopes, if it is a classic one, and its expiry; from then on it is as unknown as a
 * wrong one. (https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps; the header of the expiry is documented for
 * organizations' policies on tokens.)
 */
export function addTokenCheck(app: Hono, deps: GithubDeps, token: GithubToken): void {
  const given = (header: string) => bearerToken(header) ?? basicPassword(header);
  app.use("*", async (c, next) => {
    const header = c.req.header("authorization");
    const isGit = isGitPath(c.req.path);
    const isOver = token.expiresAt !== undefined && token.expiresAt <= deps.clock();
    if (header !== undefined && (given(header) !== deps.credentials.githubToken || isOver))
      return isGit ? gitUnauthorized() : c.json(fail(401, "Bad credentials").body, 401);
    // A reader without a token only sees public repositories; `find` hides the private ones.
    if (header === undefined && !isGit && !(c.req.method === "GET" && c.req.path.startsWith("/repos/")))
      return c.json(fail(401, "Requires authentication").body, 401);
    await next();
    if (header === undefined) return undefined;
    if (token.owner === undefined) c.header("x-oauth-scopes", token.workflows ? "repo, workflow" : "repo");
    if (token.expiresAt !== undefined) c.header("github-authentication-token-expiration", shownTime(token.expiresAt));
    return undefined;
  });
}

/** Whether a request's token is for that owner. Without a token no owner's private parts can be seen. */
export function isFor(c: Context, token: GithubToken, owner: string): boolean {
  if (c.req.header("authorization") === undefined) return false;
  return token.owner === undefined || token.owner.toLowerCase() === owner.toLowerCase();
}

/** As GitHub writes it: `2026-12-31 08:00:00 UTC`. */
function shownTime(time: Date): string {
  return time
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
}
