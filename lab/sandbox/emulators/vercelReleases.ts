import type { Hono } from "hono";

import {
  badRequest,
  type Deployment,
  type Project,
  refusal,
  type VercelPlatform,
  type VercelWorld,
} from "./vercelState.ts";

/** What the routes need of the deployments. */
interface ReleaseDeps {
  find: (idOrUrl: string) => Deployment;
  serve: (project: Project, deployment: Deployment) => void;
  plan: VercelPlatform["plan"];
}

/**
 * Routes that point a project's domains to one of its deployments. A rollback leads to a deployment that has served them, and switches their
 * automatic assignment off; a promotion switches it on (https://vercel.com/docs/instant-rollback). On Hobby a rollback leads one deployment back
 * (https://vercel.com/docs/cli/rollback).
 */
export function addReleaseRoutes(app: Hono, world: VercelWorld, { find, serve, plan = "pro" }: ReleaseDeps): void {
  const { state, save, now, findProject } = world;
  const asked = (idOrName: string, wanted: string) => {
    const project = findProject(idOrName);
    const deployment = find(wanted);
    if (deployment.projectId !== project.id) throw refusal(404, "not_found", "The deployment was not found.");
    if (deployment.readyState !== "READY" || deployment.target !== "production")
      throw badRequest("the deployment is not a READY production deployment.");
    if (project.production === deployment.id)
      throw refusal(409, "conflict", "The deployment is already the current production deployment.");
    return { project, deployment };
  };
  const move = (project: Project, deployment: Deployment, type: "promote" | "rollback") => {
    project.lastAliasRequest = {
      fromDeploymentId: project.production ?? null,
      toDeploymentId: deployment.id,
      jobStatus: "succeeded",
      requestedAt: now(),
      type,
    };
    project.settings["autoAssignCustomDomains"] = type === "promote";
    project.updatedAt = now();
    serve(project, deployment);
    save();
  };

  app.post("/projects/:id/promote/:deployment", (c) => {
    const { project, deployment } = asked(c.req.param("id"), c.req.param("deployment"));
    delete project.rollbackDescription;
    move(project, deployment, "promote");
    return c.body(null, 201);
  });
  app.post("/projects/:id/rollback/:deployment", (c) => {
    const { project, deployment } = asked(c.req.param("id"), c.req.param("deployment"));
    if (deployment.wasPromoted !== true) throw badRequest("the deployment has never served the production domains.");
    const served = state.deployments.filter(
      ({ projectId, wasPromoted, id }) => projectId === project.id && wasPromoted === true && id !== project.production,
    );
    if (plan === "hobby" && served[0] !== deployment)
      throw refusal(
        402,
        "upgrade_required",
        "To roll back further than the previous production deployment, upgrade to pro.",
      );
    const description = c.req.query("description");
    project.rollbackDescription =
      description === undefined ? undefined : { createdAt: now(), description, userId: "sandbox", username: "sandbox" };
    move(project, deployment, "rollback");
    return c.body(null, 201);
  });
  app.get("/projects/:id/rolling-release", (c) => {
    findProject(c.req.param("id"));
    return c.json({ rollingRelease: null });
  });
}
