import { join } from "node:path";

import { type Context, Hono } from "hono";
import { z } from "zod";

import { type GitCommit, type GitStorage, openGitStorage } from "./git.ts";
import { addGitRoutes, gitUnauthorized } from "./githubGit.ts";
import {
  account,
  DOCS,
  fail,
  type GithubDeps,
  type GithubMemory,
  invalid,
  NAME,
  problem,
  type Repository,
  SETTINGS,
  settingsFrom,
  show,
  USER,
} from "./githubState.ts";
import { ApiError, basicPassword, bearerToken, readBody } from "./http.ts";
import { openStore } from "./store.ts";

/** GitHub on this machine. */
export interface GithubEmulator {
  app: Hono;
  git: GitStorage;
}

/**
 * GitHub's REST API (under `/api/v3` as for an Enterprise server, or without) and git over HTTP.
 *
 * | method and path | what |
 * | --- | --- |
 * | GET /user, /orgs/:org, /users/:user | accounts |
 * | POST /orgs/:org/repos, /user/repos | a repository, with its git data |
 * | GET, PATCH, DELETE /repos/:owner/:repo | its settings; DELETE removes the git data |
 * | GET /repos/:owner/:repo/branches[/:branch], /commits/:ref, /git/ref/heads/:branch | its content |
 * | GET, PUT /repos/:owner/:repo/topics | |
 * | GET, PUT, DELETE /repos/:owner/:repo/vulnerability-alerts | 204 or 404 |
 * | /:owner/:repo.git/* | clone, fetch and push |
 *
 * Without a token public repositories can be read, and private ones answer 404 (git gets 401, so that it asks for a password).
 */
export function createGithubEmulator(deps: GithubDeps): GithubEmulator {
  const git = openGitStorage(deps.paths.git);
  const { state, save } = openStore<GithubMemory>(join(deps.paths.emulators, "github.json"), {
    nextId: 1,
    repositories: {},
  });
  const key = (owner: string, name: string) => `${owner}/${name}`.toLowerCase();
  const now = () =>
    deps
      .clock()
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
  // Every well-formed organization exists.
  const ownerExists = (owner: string) => NAME.test(owner);

  const app = new Hono({
    getPath: (request) => new URL(request.url).pathname.replace(/^\/api\/v3(?=\/)/, ""),
  });
  app.onError((error, c) => {
    if (error instanceof ApiError) return c.json(error.body, error.status);
    return c.json({ message: "Server Error", detail: error.message }, 500);
  });
  app.notFound((c) => c.json({ message: "Not Found", documentation_url: DOCS, status: "404" }, 404));

  const given = (header: string | undefined) => bearerToken(header) ?? basicPassword(header);
  app.use("*", async (c, next) => {
    const header = c.req.header("authorization");
    const isGit = /^\/[^/]+\/[^/]+\.git\//.test(c.req.path);
    if (header !== undefined && given(header) !== deps.credentials.githubToken) {
      return isGit ? gitUnauthorized() : c.json(fail(401, "Bad credentials").body, 401);
    }
    // A reader without a token only sees public repositories; `find` hides the private ones.
    if (header === undefined && !isGit && !(c.req.method === "GET" && c.req.path.startsWith("/repos/"))) {
      return c.json(fail(401, "Requires authentication").body, 401);
    }
    await next();
    return undefined;
  });

  const shown = (c: Context, repository: Repository, status: 200 | 201 = 200) =>
    c.json(show(new URL(c.req.url).origin, repository), status);
  /** The repository of a request; a private one doesn't exist for callers without the token. */
  const asked = (c: Context) => {
    const [owner, repo] = [c.req.param("owner") ?? "", c.req.param("repo") ?? ""];
    const found = state.repositories[key(owner, repo)];
    const hidden = found?.settings["private"] === true && c.req.header("authorization") === undefined;
    if (found === undefined || hidden) throw fail(404, "Not Found");
    return { found, owner, repo, path: key(owner, repo) };
  };

  const forget = (path: string) => {
    state.repositories = Object.fromEntries(Object.entries(state.repositories).filter(([at]) => at !== path));
  };
  const createRepository = async (owner: string, body: Record<string, unknown>) => {
    const name = body["name"];
    if (typeof name !== "string" || !NAME.test(name)) throw invalid("name is invalid");
    if (state.repositories[key(owner, name)] !== undefined) throw invalid("name already exists on this account");
    const settings: Record<string, unknown> = { ...SETTINGS, ...settingsFrom(body), archived: false };
    settings["default_branch"] = "main";
    const created: Repository = {
      id: state.nextId++,
      owner,
      name,
      settings,
      topics: [],
      vulnerabilityAlerts: false,
      createdAt: now(),
      updatedAt: now(),
    };
    // Reserved before git has run, so that two concurrent creates can't both succeed.
    state.repositories[key(owner, name)] = created;
    await git.create(key(owner, name), "main", body["auto_init"] === true).catch((thrown: unknown) => {
      forget(key(owner, name));
      throw thrown;
    });
    save();
    return created;
  };

  app.get("/user", (c) => c.json(account(USER, "User")));
  app.get("/users/:user", (c) => {
    if (c.req.param("user") !== USER && !ownerExists(c.req.param("user"))) throw fail(404, "Not Found");
    return c.json(account(c.req.param("user"), c.req.param("user") === USER ? "User" : "Organization"));
  });
  app.get("/orgs/:org", (c) => {
    if (!ownerExists(c.req.param("org"))) throw fail(404, "Not Found");
    return c.json(account(c.req.param("org"), "Organization"));
  });
  const anyBody = z.record(z.string(), z.unknown());
  app.post("/orgs/:org/repos", async (c) => {
    if (!ownerExists(c.req.param("org"))) throw fail(404, "Not Found");
    return shown(c, await createRepository(c.req.param("org"), await readBody(c, anyBody, problem)), 201);
  });
  app.post("/user/repos", async (c) =>
    shown(c, await createRepository(USER, await readBody(c, anyBody, problem)), 201),
  );

  app.get("/repos/:owner/:repo", (c) => shown(c, asked(c).found));
  app.patch("/repos/:owner/:repo", async (c) => {
    const { found, owner, path } = asked(c);
    const body = await readBody(c, anyBody, problem);
    const set = settingsFrom(body);
    if (found.settings["archived"] === true && set["archived"] !== false) {
      throw fail(403, "Repository was archived so is read-only.");
    }
    const name = body["name"];
    if (typeof name === "string" && name !== found.name) {
      if (!NAME.test(name)) throw invalid("name is invalid");
      if (key(owner, name) !== path) {
        if (state.repositories[key(owner, name)] !== undefined) throw invalid("name already exists on this account");
        await git.move(path, key(owner, name));
        forget(path);
      }
      state.repositories[key(owner, name)] = found;
      found.name = name;
    }
    const branch = set["default_branch"];
    if (typeof branch === "string" && branch !== found.settings["default_branch"]) {
      if (!(await git.branches(key(owner, found.name))).has(branch))
        throw fail(422, "Validation Failed", [
          {
            resource: "Repository",
            field: "default_branch",
            code: "invalid",
            message: `The branch ${branch} was not found.`,
          },
        ]);
      await git.setDefaultBranch(key(owner, found.name), branch);
    }
    Object.assign(found.settings, set);
    found.updatedAt = now();
    save();
    return shown(c, found);
  });
  app.delete("/repos/:owner/:repo", async (c) => {
    const { path } = asked(c);
    forget(path);
    save();
    await git.remove(path);
    return c.body(null, 204);
  });

  const showCommit = (commit: GitCommit) => ({
    sha: commit.sha,
    node_id: commit.sha,
    parents: commit.parents.map((sha) => ({ sha })),
    commit: { message: commit.message, tree: { sha: commit.tree }, author: commit.author, committer: commit.author },
  });
  app.get("/repos/:owner/:repo/branches", async (c) => {
    const { path } = asked(c);
    const branches = [...(await git.branches(path))];
    return c.json(branches.map(([name, sha]) => ({ name, commit: { sha }, protected: false })));
  });
  app.get("/repos/:owner/:repo/branches/:branch{.+}", async (c) => {
    const { path } = asked(c);
    const branch = c.req.param("branch");
    const commit = (await git.branches(path)).has(branch) ? await git.commit(path, `refs/heads/${branch}`) : undefined;
    if (commit === undefined) throw fail(404, "Branch not found");
    return c.json({ name: branch, commit: showCommit(commit), protected: false });
  });
  app.get("/repos/:owner/:repo/git/ref/heads/:branch{.+}", async (c) => {
    const { path } = asked(c);
    const branch = c.req.param("branch");
    const sha = (await git.branches(path)).get(branch);
    if (sha === undefined) throw fail(404, "Not Found");
    return c.json({ ref: `refs/heads/${branch}`, node_id: sha, object: { type: "commit", sha } });
  });
  app.get("/repos/:owner/:repo/commits/:ref{.+}", async (c) => {
    const { path } = asked(c);
    const ref = c.req.param("ref");
    if ((await git.branches(path)).size === 0) throw fail(409, "Git Repository is empty.");
    const commit = await git.commit(path, ref);
    if (commit === undefined) throw fail(422, `No commit found for SHA: ${ref}`);
    return c.json(showCommit(commit));
  });

  app.get("/repos/:owner/:repo/topics", (c) => c.json({ names: asked(c).found.topics }));
  app.put("/repos/:owner/:repo/topics", async (c) => {
    const { names } = await readBody(c, z.object({ names: z.array(z.string()) }), problem);
    asked(c).found.topics = names;
    save();
    return c.json({ names });
  });
  app.on(["GET", "PUT", "DELETE"], "/repos/:owner/:repo/vulnerability-alerts", (c) => {
    if (c.req.header("authorization") === undefined) throw fail(404, "Not Found");
    const { found } = asked(c);
    if (c.req.method !== "GET") found.vulnerabilityAlerts = c.req.method === "PUT";
    save();
    return c.req.method !== "GET" || found.vulnerabilityAlerts ? c.body(null, 204) : c.notFound();
  });

  addGitRoutes(app, git, {
    find: (owner, name) => state.repositories[key(owner, name)],
    pushed: (repository) => {
      repository.updatedAt = now();
      save();
    },
  });
  return { app, git };
}
