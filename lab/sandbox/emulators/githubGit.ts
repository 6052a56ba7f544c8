import type { Hono } from "hono";

import type { GitStorage } from "./git.ts";
import { type Repository, USER } from "./githubState.ts";
import { type GithubToken, gitUnauthorized, isFor } from "./githubToken.ts";

const text = (status: 403 | 404, body: string) => new Response(body, { status });

/** Clone, fetch and push at `/:owner/:repo.git`; a wrong password has been refused before. */
export function addGitRoutes(
  app: Hono,
  git: GitStorage,
  token: GithubToken,
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
    const isOurs = isFor(c, token, owner);
    if (found === undefined || (trusted && !isOurs && found.settings["private"] === true))
      return text(404, "Repository not found.");
    if (push && !isOurs) return text(403, `Permission to ${owner}/${name}.git denied to ${USER}.`);
    if (push && found.settings["archived"] === true)
      return text(403, "This repository was archived so it is read-only.");
    if (path === "git-receive-pack") {
      repositories.pushed(found);
    }
    const user = trusted ? { name: USER, workflows: token.workflows } : undefined;
    return git.serve(c.req.raw, `${owner}/${name}`.toLowerCase(), path, user);
  });
}
