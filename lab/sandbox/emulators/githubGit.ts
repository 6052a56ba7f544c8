import type { Hono } from "hono";

import type { GitStorage } from "./git.ts";
import { type Repository, USER } from "./githubState.ts";

const text = (status: 401 | 403 | 404, body: string, headers: Record<string, string> = {}) =>
  new Response(body, { status, headers });

/** The answer to git without a password or with a wrong one; git then asks for another. */
export const gitUnauthorized = () => text(401, "Repository not found.", { "www-authenticate": 'Basic realm="GitHub"' });

/** Clone, fetch and push at `/:owner/:repo.git`; a wrong password has been refused before. */
export function addGitRoutes(
  app: Hono,
  git: GitStorage,
  repositories: {
    find: (owner: string, name: string) => Repository | undefined;
    pushed: (repository: Repository) => void;
  },
): void {
  app.on(["GET", "POST"], "/:owner/:repo{[^/]+\\.git}/:path{.+}", async (c) => {
    const { owner, path } = c.req.param();
    const name = c.req.param("repo").replace(/\.git$/, "");
    const trusted = c.req.header("authorization") !== undefined;
    const found = repositories.find(owner, name);
    const push = path === "git-receive-pack" || c.req.query("service") === "git-receive-pack";
    // Without a token GitHub answers 401 for missing and for private repositories, and git then sends its password.
    if (!trusted && (found === undefined || found.settings["private"] === true || push)) return gitUnauthorized();
    if (found === undefined) return text(404, "Repository not found.");
    if (push && found.settings["archived"] === true)
      return text(403, "This repository was archived so it is read-only.");
    if (path === "git-receive-pack") {
      repositories.pushed(found);
    }
    return git.serve(c.req.raw, `${owner}/${name}`.toLowerCase(), path, trusted ? USER : undefined);
  });
}
