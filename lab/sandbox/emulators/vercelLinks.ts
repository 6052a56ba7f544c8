import type { Hono } from "hono";
import { z } from "zod";

import { readBody } from "./http.ts";
import { badRequest, type Project, type VercelWorld } from "./vercelState.ts";

/** A repository in a request, as owner/name. */
export const linkBody = z.object({ type: z.string(), repo: z.string() });

/** A project's link to a repository. The code hosts differ in the fields' names. */
export function linkTo({ type, repo: path }: z.output<typeof linkBody>): Record<string, unknown> {
  const [owner, name] = path.split("/");
  const link = { type, gitCredentialId: "", productionBranch: "main", deployHooks: [] };
  if (type !== "gitlab") return { ...link, org: owner, repo: name };
  const url = `https://gitlab.com/${path}`;
  return {
    ...link,
    projectId: "1",
    projectName: name,
    projectNamespace: owner,
    projectNameWithNamespace: path,
    projectUrl: url,
  };
}

/** Routes that link a project to a repository, whose pushes Vercel then builds. Only Vercel's own provider uses them. */
export function addLinkRoutes(app: Hono, world: VercelWorld, show: (project: Project) => object): void {
  const { save, findProject } = world;
  app.post("/projects/:id/link", async (c) => {
    const project = findProject(c.req.param("id"));
    project.settings["link"] = linkTo(await readBody(c, linkBody, badRequest));
    save();
    return c.json(show(project));
  });
  app.delete("/projects/:id/link", (c) => {
    const project = findProject(c.req.param("id"));
    delete project.settings["link"];
    save();
    return c.json(show(project));
  });
  app.patch("/projects/:id/branch", async (c) => {
    const project = findProject(c.req.param("id"));
    const { branch } = await readBody(c, z.object({ branch: z.string().min(1) }), badRequest);
    Object.assign(project.settings["link"] ?? {}, { productionBranch: branch });
    save();
    return c.json(show(project));
  });
}
