import { join } from "node:path";
import { Hono } from "hono";
import { z } from "zod";
import {
  account,
  DOCS,
  fail,
  invalid,
  NAME,
  problem,
  SETTINGS,
  settingsFrom,
  show,
  USER,
  type GithubDeps,
  type GithubMemory,
  type Repository,
} from "./githubState.ts";
import { ApiError, basicPassword, bearerToken, readBody } from "./http.ts";
import { openGitStorage, type GitCommit, type GitStorage } from "./git.ts";
import { openStore } from "./store.ts";

/** GitHub on this machine. */
export interface GithubEmulator {
  app: Hono;
  git: GitStorage;
}

const text = (status: 401 | 403 | 404, body: string, headers: Record<string, string> = {}) =>
  new Response(body, { status, headers });

/**
 * GitHub's REST API (under `/api/v3` as for an Enterprise server, or without) and git over HTTP.
 *
 * | method and path | what |
 * | --- | --- |
 * | GET /user, /orgs/:org, /users/:user | who is there |
 * | POST /orgs/:org/repos, /user/repos | a repository, with its git data |
 * | GET, PATCH, DELETE /repos/:owner/:repo | its settings; DELETE removes the git data |
 * | GET /repos/:owner/:repo/branches[/:branch], /commits/:ref, /git/ref/heads/:branch | what is in it |
 * | GET, PUT /repos/:owner/:repo/topics | |
 * | GET, PUT, DELETE /repos/:owner/:repo/vulnerability-alerts | 204 or 404 |
 * | /:owner/:repo.git/* | clone, fetch and push |
 *
 * Without a token public repositories can be read, private ones are not there (404; 401 for git, so that it asks for a password).
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
  // Who exists is not decided here: every well-formed organization does.
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
    // A reader without a token sees public repositories alone; `find` hides the private ones.
    if (header === undefined && !isGit && !(c.req.method === "GET" && c.req.path.startsWith("/repos/"))) {
      return c.json(fail(401, "Requires authentication").body, 401);
    }
    await next();
    return undefined;
  });
  const gitUnauthorized = () => text(401, "Repository not found.", { "www-authenticate": 'Basic realm="GitHub"' });

  const find = (owner: string, name: string, header: string | undefined): Repository => {
    const found = state.repositories[key(owner, name)];
    if (found === undefined || (found.settings["private"] === true && header === undefined))
      throw fail(404, "Not Found");
    return found;
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
    // Taken before git has run, so that two creates at once can't both win.
    state.repositories[key(owner, name)] = created;
    await git.create(key(owner, name), "main", body["auto_init"] === true);
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
    return c.json(
      show(new URL(c.req.url).origin, await createRepository(c.req.param("org"), await readBody(c, anyBody, problem))),
      201,
    );
  });
  app.post("/user/repos", async (c) =>
    c.json(show(new URL(c.req.url).origin, await createRepository(USER, await readBody(c, anyBody, problem))), 201),
  );

  app.get("/repos/:owner/:repo", (c) => {
    const { owner, repo } = c.req.param();
    return c.json(show(new URL(c.req.url).origin, find(owner, repo, c.req.header("authorization"))));
  });
  app.patch("/repos/:owner/:repo", async (c) => {
    const { owner, repo } = c.req.param();
    const found = find(owner, repo, c.req.header("authorization"));
    const body = await readBody(c, anyBody, problem);
    const set = settingsFrom(body);
    if (found.settings["archived"] === true && set["archived"] !== false) {
      throw fail(403, "Repository was archived so is read-only.");
    }
    const name = body["name"];
    if (typeof name === "string" && name !== found.name) {
      if (!NAME.test(name)) throw invalid("name is invalid");
      if (key(owner, name) !== key(owner, repo)) {
        if (state.repositories[key(owner, name)] !== undefined) throw invalid("name already exists on this account");
        await git.move(key(owner, repo), key(owner, name));
      }
      state.repositories = Object.fromEntries(
        Object.entries(state.repositories).filter(([, value]) => value !== found),
      );
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
    return c.json(show(new URL(c.req.url).origin, found));
  });
  app.delete("/repos/:owner/:repo", async (c) => {
    const { owner, repo } = c.req.param();
    const found = find(owner, repo, c.req.header("authorization"));
    state.repositories = Object.fromEntries(Object.entries(state.repositories).filter(([, value]) => value !== found));
    save();
    await git.remove(key(owner, repo));
    return c.body(null, 204);
  });

  const showCommit = (commit: GitCommit) => ({
    sha: commit.sha,
    node_id: commit.sha,
    parents: commit.parents.map((sha) => ({ sha })),
    commit: { message: commit.message, tree: { sha: commit.tree }, author: commit.author, committer: commit.author },
  });
  app.get("/repos/:owner/:repo/branches", async (c) => {
    const { owner, repo } = c.req.param();
    find(owner, repo, c.req.header("authorization"));
    const branches = [...(await git.branches(key(owner, repo)))];
    return c.json(branches.map(([name, sha]) => ({ name, commit: { sha }, protected: false })));
  });
  app.get("/repos/:owner/:repo/branches/:branch{.+}", async (c) => {
    const { owner, repo, branch } = c.req.param();
    find(owner, repo, c.req.header("authorization"));
    const commit = (await git.branches(key(owner, repo))).has(branch)
      ? await git.commit(key(owner, repo), `refs/heads/${branch}`)
      : undefined;
    if (commit === undefined) throw fail(404, "Branch not found");
    return c.json({ name: branch, commit: showCommit(commit), protected: false });
  });
  app.get("/repos/:owner/:repo/git/ref/heads/:branch{.+}", async (c) => {
    const { owner, repo, branch } = c.req.param();
    find(owner, repo, c.req.header("authorization"));
    const sha = (await git.branches(key(owner, repo))).get(branch);
    if (sha === undefined) throw fail(404, "Not Found");
    return c.json({ ref: `refs/heads/${branch}`, node_id: sha, object: { type: "commit", sha } });
  });
  app.get("/repos/:owner/:repo/commits/:ref{.+}", async (c) => {
    const { owner, repo, ref } = c.req.param();
    find(owner, repo, c.req.header("authorization"));
    if ((await git.branches(key(owner, repo))).size === 0) throw fail(409, "Git Repository is empty.");
    const commit = await git.commit(key(owner, repo), ref);
    if (commit === undefined) throw fail(422, `No commit found for SHA: ${ref}`);
    return c.json(showCommit(commit));
  });

  app.get("/repos/:owner/:repo/topics", (c) => {
    const { owner, repo } = c.req.param();
    return c.json({ names: find(owner, repo, c.req.header("authorization")).topics });
  });
  app.put("/repos/:owner/:repo/topics", async (c) => {
    const { owner, repo } = c.req.param();
    const { names } = await readBody(c, z.object({ names: z.array(z.string()) }), problem);
    find(owner, repo, c.req.header("authorization")).topics = names;
    save();
    return c.json({ names });
  });
  app.on(["GET", "PUT", "DELETE"], "/repos/:owner/:repo/vulnerability-alerts", (c) => {
    const { owner, repo } = c.req.param();
    if (c.req.header("authorization") === undefined) throw fail(404, "Not Found");
    const found = find(owner, repo, c.req.header("authorization"));
    if (c.req.method !== "GET") found.vulnerabilityAlerts = c.req.method === "PUT";
    save();
    return c.req.method !== "GET" || found.vulnerabilityAlerts ? c.body(null, 204) : c.notFound();
  });

  app.on(["GET", "POST"], "/:owner/:repo{[^/]+\\.git}/:path{.+}", async (c) => {
    const { owner, path } = c.req.param();
    const name = c.req.param("repo").replace(/\.git$/, "");
    const trusted = c.req.header("authorization") !== undefined;
    const found = state.repositories[key(owner, name)];
    const push = path === "git-receive-pack" || c.req.query("service") === "git-receive-pack";
    // Without a token GitHub answers 401 for what is missing as for what is private, and git then sends its password.
    if (!trusted && (found === undefined || found.settings["private"] === true || push)) return gitUnauthorized();
    if (found === undefined) return text(404, "Repository not found.");
    if (push && found.settings["archived"] === true)
      return text(403, "This repository was archived so it is read-only.");
    if (path === "git-receive-pack") {
      found.updatedAt = now();
      save();
    }
    return git.serve(c.req.raw, key(owner, name), path, trusted ? USER : undefined);
  });
  return { app, git };
}
