import type { Hono } from "hono";

import type { GitStorage } from "./git.ts";
import { type Repository, USER } from "./githubState.ts";
import { gitUnauthorized, isFor, type TokenOf } from "./githubToken.ts";

const text = (status: 403 | 404, body: string) => new Response(body, { status });

/** Clone, fetch and push at `/:owner/:repo.git`; a wrong password has been refused before. */
export function addGitRoutes(
  app: Hono,
  git: GitStorage,
  tokenOf: TokenOf,
  repositories: {
    find: (owner: string, name: string) => Repository | undefined;
    /** The repository that had that name before. */
    formerly: (owner: string, name: string) => Repository | undefined;
    pushed: (repository: Repository) => void;
  },
): void {
  app.on(["GET", "POST"], "/:owner/:repo{[^/]+\\.git}/:path{.+}", async (c) => {
    const { owner, path } = c.req.param();
    const name = c.req.param("repo").replace(/\.git$/, "");
    const token = tokenOf(c);
    const found = repositories.find(owner, name);
    const push = path === "git-receive-pack" || c.req.query("service") === "git-receive-pack";
    // Without a token GitHub answers 401 for missing and for private repositories, and git then sends its password.
    if (token === undefined && (found === undefined || found.settings["private"] === true || push))
      return gitUnauthorized();
    const isOurs = isFor(token, owner);
    const moved = found === undefined ? repositories.formerly(owner, name) : undefined;
    if (moved !== undefined && isFor(token, moved.owner)) {
      const { origin, search } = new URL(c.req.url);
      return c.redirect(`${origin}/${moved.owner}/${moved.name}.git/${path}${search}`, 301);
    }
    if (found === undefined || (token !== undefined && !isOurs && found.settings["private"] === true))
      return text(404, "Repository not found.");
    if (push && !isOurs) return text(403, `Permission to ${owner}/${name}.git denied to ${USER}.`);
    if (push && found.settings["archived"] === true)
      return text(403, "This repository was archived so it is read-only.");
    if (path === "git-receive-pack") {
      repositories.pushed(found);
    }
    const user = token && { name: USER, workflows: token.workflows };
    return git.serve(c.req.raw, `${owner}/${name}`.toLowerCase(), path, user);
  });
}
