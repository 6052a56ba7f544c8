import type { Context, Hono } from "hono";
import { z } from "zod";

import type { GitStorage } from "./git.ts";
import { shownBranch, shownRule } from "./gitlabAnswers.ts";
import { fail, keyOf, notFound, type Project } from "./gitlabState.ts";
import { readBody } from "./http.ts";

const ruleBody = z.object({ name: z.string(), allow_force_push: z.boolean().default(false) });
const problem = (fault: string) => fail(400, fault);

/** Routes of a project's branches, files and folders, which are read from git, and of the rules of its branches. */
export function addRepositoryRoutes(
  app: Hono,
  git: GitStorage,
  {
    asked,
    setRule,
  }: {
    /** The project of a request. */
    asked: (c: Context) => Promise<Project>;
    /** Protects a branch, with or without forced pushes; not any more if undefined. */
    setRule: (project: Project, branch: string, allowsForce: boolean | undefined) => Promise<void>;
  },
): void {
  app.get("/projects/:id/repository/branches", async (c) => {
    const project = await asked(c);
    const [per, number] = [Math.min(Number(c.req.query("per_page") ?? 20), 100), Number(c.req.query("page") ?? 1)];
    const names = [...(await git.branches(keyOf(project))).keys()].slice((number - 1) * per, number * per);
    const commits = await Promise.all(names.map((name) => git.commit(keyOf(project), `refs/heads/${name}`)));
    return c.json(
      commits.flatMap((commit, at) =>
        commit ? shownBranch(new URL(c.req.url).origin, project, names[at] ?? "", commit) : [],
      ),
    );
  });
  app.get("/projects/:id/repository/files/:path", async (c) => {
    const [project, path] = [await asked(c), c.req.param("path")];
    const found = await git.content(keyOf(project), path);
    if (found === undefined || "names" in found) throw notFound("File");
    const text = Buffer.from(found.text);
    return c.json({
      file_name: path.slice(path.lastIndexOf("/") + 1),
      file_path: path,
      size: text.length,
      encoding: "base64",
      content: text.toString("base64"),
      content_sha256: "0".repeat(64),
      ref: c.req.query("ref") ?? "HEAD",
      blob_id: found.sha,
      commit_id: "0".repeat(40),
      last_commit_id: "0".repeat(40),
      execute_filemode: false,
    });
  });
  app.get("/projects/:id/repository/tree", async (c) => {
    const [project, path] = [await asked(c), c.req.query("path") ?? ""];
    const found = await git.content(keyOf(project), path);
    if (found === undefined || !("names" in found)) throw notFound("invalid revision or path");
    return c.json(
      found.names.map((name) => ({ id: "0".repeat(40), name, type: "blob", path: `${path}/${name}`, mode: "100644" })),
    );
  });

  app.get("/projects/:id/protected_branches", async (c) => {
    const { rules } = await asked(c);
    return c.json(Object.entries(rules).map(([name, allows], at) => shownRule(at + 1, name, allows)));
  });
  app.post("/projects/:id/protected_branches", async (c) => {
    const project = await asked(c);
    const { name, allow_force_push: allows } = await readBody(c, ruleBody, problem);
    if (name in project.rules) throw fail(409, `Protected branch '${name}' already exists`);
    await setRule(project, name, allows);
    return c.json(shownRule(1, name, allows), 201);
  });
  app.patch("/projects/:id/protected_branches/:name", async (c) => {
    const [project, name] = [await asked(c), c.req.param("name")];
    if (!(name in project.rules)) throw notFound("Protected Branch");
    const { allow_force_push: allows } = await readBody(c, ruleBody.omit({ name: true }), problem);
    await setRule(project, name, allows);
    return c.json(shownRule(1, name, allows));
  });
  app.delete("/projects/:id/protected_branches/:name", async (c) => {
    const [project, name] = [await asked(c), c.req.param("name")];
    if (!(name in project.rules)) throw notFound("Protected Branch");
    await setRule(project, name, undefined);
    return c.body(null, 204);
  });
}
