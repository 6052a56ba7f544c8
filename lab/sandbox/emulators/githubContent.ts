import type { Context, Hono } from "hono";

import type { GitStorage } from "./git.ts";
import { shownBranch, shownCommit } from "./githubAnswers.ts";
import { fail, type Repository } from "./githubState.ts";

/** A file or folder in GitHub's format. */
function shownEntry(at: string, path: string, type: "file" | "dir") {
  const url = `${at}/contents/${path}`;
  return {
    type,
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    size: 0,
    sha: "0".repeat(40),
    url,
    git_url: null,
    html_url: null,
    download_url: null,
    _links: { self: url, git: null, html: null },
  };
}

/** Routes of a repository's branches and commits, which are read from git. */
export function addContentRoutes(
  app: Hono,
  git: GitStorage,
  asked: (c: Context) => { found: Repository; path: string; origin: string },
): void {
  const addressOf = (c: Context) => {
    const { origin, found } = asked(c);
    return `${origin}/api/v3/repos/${found.owner}/${found.name}`;
  };
  app.get("/repos/:owner/:repo/branches", async (c) => {
    const { path, found } = asked(c);
    const guarded = new Set(found.protectedBranches);
    const isWanted = (name: string) => c.req.query("protected") !== "true" || guarded.has(name);
    const [per, page] = [Math.min(Number(c.req.query("per_page") ?? 30), 100), Number(c.req.query("page") ?? 1)];
    const branches = [...(await git.branches(path))].filter(([name]) => isWanted(name));
    return c.json(
      branches.slice((page - 1) * per, page * per).map(([name, sha]) => ({
        name,
        commit: { sha, url: `${addressOf(c)}/commits/${sha}` },
        protected: guarded.has(name),
      })),
    );
  });
  app.get("/repos/:owner/:repo/branches/:branch{.+}", async (c) => {
    const { path } = asked(c);
    const branch = c.req.param("branch");
    const commit = (await git.branches(path)).has(branch) ? await git.commit(path, `refs/heads/${branch}`) : undefined;
    if (commit === undefined) throw fail(404, "Branch not found");
    return c.json(shownBranch(addressOf(c), branch, commit));
  });
  app.get("/repos/:owner/:repo/git/ref/heads/:branch{.+}", async (c) => {
    const { path } = asked(c);
    const branch = c.req.param("branch");
    const sha = (await git.branches(path)).get(branch);
    if (sha === undefined) throw fail(404, "Not Found");
    const at = `${addressOf(c)}/git`;
    return c.json({
      ref: `refs/heads/${branch}`,
      node_id: `REF_${branch}`,
      url: `${at}/refs/heads/${branch}`,
      object: { type: "commit", sha, url: `${at}/commits/${sha}` },
    });
  });
  app.get("/repos/:owner/:repo/contents/:path{.+}", async (c) => {
    const { path } = asked(c);
    const [at, place] = [addressOf(c), c.req.param("path")];
    const found = await git.content(path, place);
    if (found === undefined) throw fail(404, "Not Found");
    if ("names" in found) return c.json(found.names.map((name) => shownEntry(at, `${place}/${name}`, "file")));
    const content = Buffer.from(found.text).toString("base64");
    return c.json({ ...shownEntry(at, place, "file"), sha: found.sha, encoding: "base64", content });
  });
  app.get("/repos/:owner/:repo/commits/:ref{.+}", async (c) => {
    const { path } = asked(c);
    const ref = c.req.param("ref");
    if ((await git.branches(path)).size === 0) throw fail(409, "Git Repository is empty.");
    const commit = await git.commit(path, ref);
    if (commit === undefined) throw fail(422, `No commit found for SHA: ${ref}`);
    return c.json(shownCommit(addressOf(c), commit));
  });
}
