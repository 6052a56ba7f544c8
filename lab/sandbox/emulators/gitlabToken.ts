import type { Context, Hono } from "hono";

import type { GitUser } from "./git.ts";
import { type GitlabDeps, type GitlabToken, insufficient, USER } from "./gitlabState.ts";
import { basicPassword, bearerToken } from "./http.ts";

/** The answer to git without a password or with a wrong one. */
export const gitUnauthorized = () =>
  new Response("HTTP Basic: Access denied", { status: 401, headers: { "www-authenticate": 'Basic realm="GitLab"' } });

/** Whether a path belongs to git and not to the API. */
const isGit = (path: string): boolean => /^\/[^/]+\/[^/]+\.git\//.test(path) || path.startsWith("/lfs-store/");

/** The scopes with which a token may ask about itself. */
const SELF_SCOPES = ["api", "read_api", "read_user"];

/** The scopes of which a request of the API needs one: https://docs.gitlab.com/security/tokens/access_token_scopes. */
function scopesFor(method: string, path: string): string[] {
  if (method !== "GET") return ["api"];
  return /\/repository\/files\//.test(path) ? ["api", "read_api", "read_repository"] : ["api", "read_api"];
}

/** What a token says of itself, and what it may do. */
export interface TokenCheck {
  /** Whether the request bears the right token, and it has not expired. */
  isKnown: (c: Context) => boolean;
  /** The sender of a git request; undefined if it may not do that. */
  userFor: (action: "read" | "push") => GitUser | undefined;
}

/** Checks the token of each request of the API. It ends as its last date begins. */
export function addTokenCheck(app: Hono, deps: GitlabDeps, token: GitlabToken): TokenCheck {
  const endsOn = token.expiresAt?.toISOString().slice(0, 10);
  const isOver = () => endsOn !== undefined && new Date(`${endsOn}T00:00:00Z`) <= deps.clock();
  const isKnown = (c: Context) => {
    const header = c.req.header("authorization") ?? "";
    const given = c.req.header("private-token") ?? bearerToken(header) ?? basicPassword(header);
    return given === deps.credentials.gitlabToken && !isOver();
  };
  const has = (scopes: readonly string[]) => scopes.some((one) => token.scopes.includes(one));
  app.use("*", async (c: Context, next) => {
    const { path, method } = c.req;
    if (!isGit(path)) {
      if (!isKnown(c)) return c.json({ message: "401 Unauthorized" }, 401);
      const needed = path.endsWith("/personal_access_tokens/self") ? SELF_SCOPES : scopesFor(method, path);
      if (!has(needed)) throw insufficient(needed.join(" "));
    }
    await next();
    return undefined;
  });
  app.get("/personal_access_tokens/self", (c) =>
    c.json({
      id: 1,
      name: "castchat-recovery",
      revoked: false,
      created_at: "2026-01-01T00:00:00.000Z",
      description: null,
      scopes: token.scopes,
      user_id: USER.id,
      last_used_at: deps.clock().toISOString(),
      active: true,
      expires_at: endsOn ?? null,
    }),
  );
  return {
    isKnown,
    userFor: (action) => {
      const fitting = action === "push" ? ["api", "write_repository"] : ["api", "write_repository", "read_repository"];
      return has(fitting) ? { name: USER.username, workflows: true } : undefined;
    },
  };
}
