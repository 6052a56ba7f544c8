import { join } from "node:path";

import { type Context, Hono } from "hono";
import { z } from "zod";

import { type GitStorage, openGitStorage } from "./git.ts";
import { GITLAB_HOOK } from "./gitHooks.ts";
import { shownNamespace, shownProject } from "./gitlabAnswers.ts";
import { addRepositoryRoutes } from "./gitlabRepository.ts";
import {
  fail,
  type GitlabDeps,
  type GitlabMemory,
  type GitlabToken,
  keyOf,
  Moved,
  notFound,
  type Project,
  SETTINGS,
  SLUG,
} from "./gitlabState.ts";
import { addTokenCheck, gitUnauthorized } from "./gitlabToken.ts";
import { ApiError, readBody } from "./http.ts";
import { addLfsRoutes } from "./lfs.ts";
import { openStore } from "./store.ts";

/** GitLab on this machine. */
export interface GitlabEmulator {
  app: Hono;
  git: GitStorage;
}

/** How a GitLab differs from another. */
export interface GitlabOptions {
  token: GitlabToken;
  /** Whether a group exists. Groups are not made by a project's creation. */
  hasGroup: (group: string) => boolean;
}

const DEFAULTS: GitlabOptions = { token: { scopes: ["api"] }, hasGroup: () => true };

const anyBody = z.record(z.string(), z.unknown());
const problem = (fault: string) => fail(400, fault);

/**
 * GitLab's REST API (under `/api/v4`, https://docs.gitlab.com/api/rest) and git over HTTP.
 *
 * | method and path | what |
 * | --- | --- |
 * | GET /personal_access_tokens/self | the token, its scopes and its end |
 * | GET /namespaces/:id | a group |
 * | GET, POST /projects | those of the token, by page; a project with its git data |
 * | GET, PUT, DELETE /projects/:id | by number or path; 302 by a former path, 405 for a change by it |
 * | POST /projects/:id/archive, /unarchive | |
 * | GET /projects/:id/repository/branches, /tree, /files/:path | its content |
 * | GET, POST, PATCH, DELETE /projects/:id/protected_branches | the default branch is protected from its first push on |
 * | /:group/…/:name.git/* | clone, fetch and push |
 *
 * A new project is public and runs pipelines unless its creation says otherwise.
 */
export function createGitlabEmulator(deps: GitlabDeps, options: Partial<GitlabOptions> = {}): GitlabEmulator {
  const { token, hasGroup } = { ...DEFAULTS, ...options };
  const git = openGitStorage(deps.paths.gitlab, GITLAB_HOOK);
  const { state, save } = openStore<GitlabMemory>(join(deps.paths.emulators, "gitlab.json"), {
    nextId: 1,
    projects: {},
    formerPaths: {},
  });
  const now = () => deps.clock().toISOString();
  const all = () => Object.values(state.projects);
  const formerly = (path: string) => all().find(({ id }) => id === state.formerPaths[path.toLowerCase()]);

  const app = new Hono({
    getPath: (request) => {
      const { pathname } = new URL(request.url);
      // A project's groups become one part of the path, as GitHub's owner is.
      const [, project = "", rest = ""] = /^\/(?!api\/)(.+)(\/[^/]+\.git\/.*)$/.exec(pathname) ?? [];
      return project === "" ? pathname.replace(/^\/api\/v4(?=\/)/, "") : `/${encodeURIComponent(project)}${rest}`;
    },
  });
  app.onError((error, c) => {
    if (error instanceof Moved) return c.redirect(error.message, 302);
    if (error instanceof ApiError) return c.json(error.body, error.status);
    return c.json({ message: "500 Internal Server Error", detail: error.message }, 500);
  });
  app.notFound((c) => c.json({ error: "404 Not Found" }, 404));
  const check = addTokenCheck(app, deps, token);
  const originOf = (c: Context) => new URL(c.req.url).origin;

  /** GitLab gives an empty project its default branch at the first push, and protects it. */
  const settled = async (project: Project): Promise<Project> => {
    if (project.defaultBranch !== null) return project;
    const branches = [...(await git.branches(keyOf(project))).keys()];
    const first = branches.find((name) => name === "main") ?? branches[0];
    if (first === undefined) return project;
    project.defaultBranch = first;
    await git.setDefaultBranch(keyOf(project), first);
    await setRule(project, first, false);
    return project;
  };
  const setRule = async (project: Project, branch: string, allowsForce: boolean | undefined) => {
    const others = Object.entries(project.rules).filter(([name]) => name !== branch);
    project.rules = Object.fromEntries<boolean>(others);
    if (allowsForce !== undefined) project.rules[branch] = allowsForce;
    const refusing = Object.entries(project.rules).flatMap(([name, allows]) => (allows ? [] : name));
    await git.protect(keyOf(project), refusing);
    save();
  };
  /** The project of a request, by its number or path. */
  const asked = async (c: Context): Promise<Project> => {
    const id = c.req.param("id") ?? "";
    const found = state.projects[id.toLowerCase()] ?? all().find((one) => String(one.id) === id);
    if (found !== undefined) return await settled(found);
    const moved = formerly(id);
    if (moved === undefined) throw notFound("Project");
    if (c.req.method !== "GET") throw fail(405, "Non GET methods are not allowed for moved projects");
    throw new Moved(`${originOf(c)}/api/v4/projects/${moved.id}`);
  };
  const shown = (c: Context, project: Project, status: 200 | 201 = 200) =>
    c.json(shownProject(originOf(c), project), status);
  const settingsIn = (body: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(body).filter(([name, value]) => name in SETTINGS && value !== null));

  app.get("/namespaces/:id", (c) => {
    const group = c.req.param("id");
    if (!hasGroup(group)) throw notFound("Namespace");
    groups.set(shownNamespace("", group).id, group);
    return c.json(shownNamespace(originOf(c), group));
  });
  /** The groups that were asked for, by their numbers. */
  const groups = new Map<number, string>();

  app.get("/projects", async (c) => {
    const [per, number] = [Math.min(Number(c.req.query("per_page") ?? 20), 100), Number(c.req.query("page") ?? 1)];
    const page = await Promise.all(
      all()
        .slice((number - 1) * per, number * per)
        .map(settled),
    );
    return c.json(page.map((project) => shownProject(originOf(c), project)));
  });
  app.post("/projects", async (c) => {
    const body = await readBody(c, anyBody, problem);
    const path = z
      .string()
      .catch("")
      .parse(body["path"] ?? body["name"]);
    const group = groups.get(Number(body["namespace_id"]));
    if (group === undefined) throw fail(400, { namespace: ["is not valid"] });
    if (!SLUG.test(path)) throw fail(400, { path: ["can contain only letters, digits, '_', '-' and '.'."] });
    const key = keyOf({ group, path });
    if (state.projects[key] !== undefined)
      throw fail(400, { name: ["has already been taken"], path: ["has already been taken"] });
    const project: Project = {
      id: state.nextId++,
      group,
      path,
      settings: { ...SETTINGS, name: path, ...settingsIn(body) },
      archived: false,
      defaultBranch: null,
      rules: {},
      createdAt: now(),
      updatedAt: now(),
    };
    // Reserved before git has run, so that two concurrent creates can't both succeed.
    state.projects[key] = project;
    await git.create(key, "main", body["initialize_with_readme"] === true);
    save();
    return shown(c, await settled(project), 201);
  });
  app.get("/projects/:id", async (c) => shown(c, await asked(c)));
  app.put("/projects/:id", async (c) => {
    const project = await asked(c);
    const body = await readBody(c, anyBody, problem);
    const { path, default_branch: branch } = body;
    if (typeof path === "string" && path !== project.path) {
      if (!SLUG.test(path)) throw fail(400, { path: ["can contain only letters, digits, '_', '-' and '.'."] });
      const [from, to] = [keyOf(project), keyOf({ ...project, path })];
      if (state.projects[to] !== undefined) throw fail(400, { path: ["has already been taken"] });
      await git.move(from, to);
      state.projects = {
        ...Object.fromEntries(Object.entries(state.projects).filter(([at]) => at !== from)),
        [to]: project,
      };
      state.formerPaths[from] = project.id;
      project.path = path;
    }
    if (typeof branch === "string" && branch !== project.defaultBranch) {
      if (!(await git.branches(keyOf(project))).has(branch))
        throw fail(400, {
          base: [`Could not set the default branch. Do you have a branch named '${branch}' in your repository?`],
        });
      await git.setDefaultBranch(keyOf(project), branch);
      project.defaultBranch = branch;
    }
    Object.assign(project.settings, settingsIn(body));
    project.updatedAt = now();
    save();
    return shown(c, project);
  });
  for (const [route, archived] of [
    ["archive", true],
    ["unarchive", false],
  ] as const)
    app.post(`/projects/:id/${route}`, async (c) => {
      const project = await asked(c);
      project.archived = archived;
      save();
      return shown(c, project, 201);
    });

  addRepositoryRoutes(app, git, { asked, setRule });

  const found = (group: string, path: string) => state.projects[keyOf({ group, path })] ?? formerly(`${group}/${path}`);
  addLfsRoutes(app, deps.paths.gitlab, (c, group, path) => {
    if (!check.isKnown(c)) return gitUnauthorized();
    return found(group, path) === undefined ? c.json({ message: "Not found." }, 404) : undefined;
  });
  app.on(["GET", "POST"], "/:group/:name{[^/]+\\.git}/:rest{.+}", async (c) => {
    const { group, name, rest } = c.req.param();
    if (!check.isKnown(c)) return gitUnauthorized();
    const project = found(group, name.replace(/\.git$/, ""));
    const push = rest === "git-receive-pack" || c.req.query("service") === "git-receive-pack";
    const user = check.userFor(push ? "push" : "read");
    if (project === undefined || (user === undefined && !push))
      return new Response(
        "The project you were looking for could not be found or you don't have permission to view it.",
        { status: 404 },
      );
    if (user === undefined) return new Response("You are not allowed to upload code.", { status: 403 });
    if (push && project.archived)
      return new Response("You can't push code to this project because it is archived.", { status: 403 });
    await settled(project);
    if (push) project.updatedAt = now();
    return await git.serve(c.req.raw, keyOf(project), rest, user);
  });
  return { app, git };
}
