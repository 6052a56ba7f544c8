import { join } from "node:path";

import { type Context, Hono } from "hono";
import { z } from "zod";

import { type GitStorage, openGitStorage } from "./git.ts";
import { GITHUB_HOOK } from "./gitHooks.ts";
import { listedRepository, shownRepository, wholeAccount, wholeOrganization } from "./githubAnswers.ts";
import { addContentRoutes } from "./githubContent.ts";
import { addGitRoutes } from "./githubGit.ts";
import { addProtectionRoutes, type GithubPlan } from "./githubProtection.ts";
import {
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
  USER,
} from "./githubState.ts";
import { addTokenCheck, CLASSIC_TOKENS, type GithubTokens, gitUnauthorized, isFor } from "./githubToken.ts";
import { ApiError, readBody } from "./http.ts";
import { addLfsRoutes } from "./lfs.ts";
import { openStore } from "./store.ts";

/** The refusal of a change that a fine-grained token is not for. */
const NOT_ACCESSIBLE = "Resource not accessible by personal access token";
const actionsBody = z.strictObject({
  enabled: z.boolean(),
  allowed_actions: z.enum(["all", "local_only", "selected"]).optional(),
});
/**
 * Workflows run in a new repository, as an organization has them by default
 * (https://docs.github.com/rest/actions/permissions): also those that a mirror receives, with their schedules.
 */
const ACTIONS = { enabled: true, allowed_actions: "all" } as const;

/** GitHub on this machine. */
export interface GithubEmulator {
  app: Hono;
  git: GitStorage;
  /** The workflows of a repository that GitHub would start by their schedule: those of its default branch, unless Actions are off. */
  scheduledWorkflows(fullName: string): Promise<string[]>;
  /** Protects branches of a repository, as rules of the host do. */
  protectBranches(fullName: string, branches: readonly string[]): void;
}

/**
 * GitHub's REST API (under `/api/v3` as for an Enterprise server, or without) and git over HTTP.
 *
 * | method and path | what |
 * | --- | --- |
 * | GET /user, /orgs/:org, /users/:user | accounts |
 * | GET /user/repos | those that the token is for, by page |
 * | POST /orgs/:org/repos, /user/repos | a repository, with its git data |
 * | GET, PATCH, DELETE /repos/:owner/:repo | its settings; DELETE removes the git data; 301 by a former name |
 * | GET /repositories/:id | a repository by its number, which such a 301 leads to |
 * | GET /repos/:owner/:repo/branches[/:branch], /commits/:ref, /git/ref/heads/:branch | its content |
 * | GET /repos/:owner/:repo/contents/:path | a file's text, or the names in a folder |
 * | GET, PUT /repos/:owner/:repo/topics | |
 * | GET, PUT, DELETE /repos/:owner/:repo/vulnerability-alerts | 204 or 404 |
 * | GET, PUT /repos/:owner/:repo/actions/permissions | whether workflows run; they do in a new repository |
 * | /:owner/:repo.git/* | clone, fetch and push |
 *
 * Without a token public repositories can be read, and private ones answer 404 (git gets 401, so that it asks for a password).
 */
export function createGithubEmulator(
  deps: GithubDeps,
  tokens: GithubTokens = CLASSIC_TOKENS,
  plan: GithubPlan = "team",
): GithubEmulator {
  const git = openGitStorage(deps.paths.git, GITHUB_HOOK);
  const { state, save } = openStore<GithubMemory>(join(deps.paths.emulators, "github.json"), {
    nextId: 1,
    repositories: {},
    formerNames: {},
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

  const tokenOf = addTokenCheck(app, deps, tokens);

  const originOf = (c: Context) => new URL(c.req.url).origin;
  const shown = (c: Context, repository: Repository, status: 200 | 201 = 200) =>
    c.json(shownRepository(originOf(c), repository), status);
  /** The repository that had this name before. */
  const formerly = (path: string) => Object.values(state.repositories).find(({ id }) => id === state.formerNames[path]);
  /** The repository of a request; a private one doesn't exist for callers without the token. */
  const asked = (c: Context) => {
    const [owner, repo] = [c.req.param("owner") ?? "", c.req.param("repo") ?? ""];
    const found = state.repositories[key(owner, repo)];
    const isOurs = isFor(tokenOf(c), owner);
    const moved = found === undefined ? formerly(key(owner, repo)) : undefined;
    if (moved !== undefined && isFor(tokenOf(c), moved.owner))
      throw fail(301, "Moved Permanently", undefined, `${originOf(c)}/api/v3/repositories/${moved.id}`);
    if (found === undefined || (found.settings["private"] === true && !isOurs)) throw fail(404, "Not Found");
    if (c.req.method !== "GET" && !isOurs) throw fail(403, NOT_ACCESSIBLE);
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

  app.get("/user", (c) => c.json(wholeAccount(originOf(c), USER)));
  app.get("/user/repos", (c) => {
    const [per, number] = [Math.min(Number(c.req.query("per_page") ?? 30), 100), Number(c.req.query("page") ?? 1)];
    const seen = Object.values(state.repositories).filter(({ owner }) => isFor(tokenOf(c), owner));
    const page = seen.slice((number - 1) * per, number * per);
    return c.json(page.map((repository) => listedRepository(originOf(c), repository)));
  });
  app.get("/users/:user", (c) => {
    if (c.req.param("user") !== USER && !ownerExists(c.req.param("user"))) throw fail(404, "Not Found");
    return c.json(wholeAccount(originOf(c), c.req.param("user")));
  });
  app.get("/orgs/:org", (c) => {
    if (!ownerExists(c.req.param("org"))) throw fail(404, "Not Found");
    return c.json(wholeOrganization(originOf(c), c.req.param("org")));
  });
  const anyBody = z.record(z.string(), z.unknown());
  app.post("/orgs/:org/repos", async (c) => {
    if (!ownerExists(c.req.param("org"))) throw fail(404, "Not Found");
    if (!isFor(tokenOf(c), c.req.param("org"))) throw fail(403, NOT_ACCESSIBLE);
    return shown(c, await createRepository(c.req.param("org"), await readBody(c, anyBody, problem)), 201);
  });
  app.post("/user/repos", async (c) =>
    shown(c, await createRepository(USER, await readBody(c, anyBody, problem)), 201),
  );

  app.get("/repos/:owner/:repo", (c) => shown(c, asked(c).found));
  app.get("/repositories/:id", (c) => {
    const found = Object.values(state.repositories).find(({ id }) => id === Number(c.req.param("id")));
    if (found === undefined || !isFor(tokenOf(c), found.owner)) throw fail(404, "Not Found");
    return shown(c, found);
  });
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
        state.formerNames[path] = found.id;
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

  addContentRoutes(app, git, (c) => ({ ...asked(c), origin: originOf(c) }));
  addProtectionRoutes(app, git, { plan, asked, save });

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

  app.get("/repos/:owner/:repo/actions/permissions", (c) => c.json(asked(c).found.actions ?? ACTIONS));
  app.put("/repos/:owner/:repo/actions/permissions", async (c) => {
    const { found } = asked(c);
    found.actions = await readBody(c, actionsBody, problem);
    save();
    return c.body(null, 204);
  });

  addLfsRoutes(app, deps.paths.git, (c, owner, name) => {
    const token = tokenOf(c);
    if (token === undefined) return gitUnauthorized();
    const isThere = state.repositories[key(owner, name)] !== undefined && isFor(token, owner);
    return isThere ? undefined : c.json({ message: "Not Found" }, 404);
  });
  addGitRoutes(app, git, tokenOf, {
    find: (owner, name) => state.repositories[key(owner, name)],
    formerly: (owner, name) => formerly(key(owner, name)),
    pushed: (repository) => {
      repository.updatedAt = now();
      save();
    },
  });
  return {
    app,
    git,
    protectBranches: (fullName, branches) => {
      const found = state.repositories[fullName.toLowerCase()];
      if (found !== undefined) found.protectedBranches = [...branches];
    },
    scheduledWorkflows: async (fullName) => {
      const found = state.repositories[fullName.toLowerCase()];
      const isOn = (found?.actions ?? ACTIONS).enabled && found?.settings["archived"] !== true;
      return found !== undefined && isOn ? await git.scheduledWorkflows(fullName.toLowerCase()) : [];
    },
  };
}
