import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";

import type { Hono } from "hono";
import { z } from "zod";

import { messageOf } from "../../../services/common/errors.ts";
import { BackgroundWork, hexId, letterId, readBody } from "./http.ts";
import { deploymentAnswers } from "./vercelAnswers.ts";
import { cronsOf, frameworkOf } from "./vercelConfiguration.ts";
import { addReleaseRoutes } from "./vercelReleases.ts";
import {
  badRequest,
  type Deployment,
  type Project,
  refusal,
  type VercelPlatform,
  type VercelWorld,
} from "./vercelState.ts";

/** Bits of a mode, as in inode(7). */
const FILE_TYPE = 0o170000;
const SYMBOLIC_LINK = 0o120000;
const SHA1 = /^[0-9a-f]{40}$/;
const environment = z.record(z.string(), z.string());
/**
 * The fields in Vercel's documentation (https://vercel.com/docs/rest-api/deployments/create-a-new-deployment), and those that its CLI
 * sends.
 */
const deploymentBody = z.strictObject({
  name: z.string(),
  project: z.string().optional(),
  target: z.enum(["production", "preview"]).optional(),
  files: z
    .array(
      z.object({
        file: z.string().min(1),
        sha: z.string().regex(SHA1),
        size: z.number().optional(),
        mode: z.number().optional(),
      }),
    )
    .min(1),
  meta: z.record(z.string(), z.unknown()).nullish(),
  gitMetadata: z.record(z.string(), z.unknown()).nullish(),
  projectSettings: z.record(z.string(), z.unknown()).nullish(),
  env: environment.optional(),
  build: z.strictObject({ env: environment.optional() }).optional(),
});

/** The deployment functions that other routes need. */
export interface DeploymentRoutes {
  /** Builds and starts a deployment in the background. */
  build: (deployment: Deployment) => void;
  /** Stops a deployment and removes its files. */
  remove: (id: string) => Promise<void>;
  settled: () => Promise<void>;
}

/** Routes of files and deployments. */
export function addDeploymentRoutes(app: Hono, world: VercelWorld, plan: VercelPlatform["plan"]): DeploymentRoutes {
  const { deps, state, save, now, findProject, seen } = world;
  const shown = () => state.deployments.filter(({ projectId }) => seen().some(({ id }) => id === projectId));
  const uploads = join(deps.paths.emulators, "vercel-files");
  const folder = (id: string) => join(deps.paths.deployments, id);
  const background = new BackgroundWork();

  const { show, showListed } = deploymentAnswers(() => state.projects);
  const find = (idOrUrl: string) => {
    const found = shown().find((deployment) => deployment.id === idOrUrl || deployment.url === idOrUrl);
    if (found === undefined) throw refusal(404, "not_found", "The deployment was not found.");
    return found;
  };

  /** A deployment's environment never changes: a changed variable needs a new deployment. */
  const environmentOf = (deployment: Deployment): Record<string, string> => {
    const place = deployment.target ?? "preview";
    const project = findProject(deployment.projectId);
    const own = project.variables.filter((variable) => variable.target.includes(place) && !variable.gitBranch);
    return {
      ...Object.fromEntries(own.map((variable) => [variable.key, variable.value])),
      ...deployment.env,
      ...(project.settings["autoExposeSystemEnvs"] === true ? systemVariables(project, deployment, place) : {}),
    };
  };
  /**
   * The variables that Vercel itself adds (https://vercel.com/docs/environment-variables/system-environment-variables). The Git variables
   * are missing: the files were uploaded, and no documentation says that `gitMetadata` sets them.
   */
  const systemVariables = (project: Project, { id, url }: Deployment, place: string): Record<string, string> => {
    const bypass = Object.entries(project.bypasses).find(([, { isEnvVar }]) => isEnvVar)?.[0];
    return {
      VERCEL: "1",
      VERCEL_ENV: place,
      VERCEL_TARGET_ENV: place,
      VERCEL_URL: url,
      VERCEL_DEPLOYMENT_ID: id,
      VERCEL_PROJECT_ID: project.id,
      ...(bypass === undefined ? {} : { VERCEL_AUTOMATION_BYPASS_SECRET: bypass }),
    };
  };
  /** Points a project's domains, and its scheduled calls, to a deployment. */
  const serve = (project: Project, deployment: Deployment) => {
    project.production = deployment.id;
    project.crons = cronsOf(folder(deployment.id), deployment, now(), project.crons);
    deployment.wasPromoted = true;
  };
  const run = async (deployment: Deployment) => {
    try {
      const dir = folder(deployment.id);
      for (const { file, sha, isLink } of deployment.files) {
        await mkdir(dirname(join(dir, file)), { recursive: true });
        if (isLink) await symlink(await readFile(join(uploads, sha), "utf8"), join(dir, file));
        else await copyFile(join(uploads, sha), join(dir, file));
      }
      // Without a framework nothing is built or run: the files are served as they are.
      if (frameworkOf(findProject(deployment.projectId), dir) === null) deployment.isStatic = true;
      else await deps.apps.start({ deploymentId: deployment.id, dir, env: environmentOf(deployment) });
      deployment.readyState = "READY";
      deployment.ready = now();
      const project = findProject(deployment.projectId);
      if (deployment.target === "production" && project.settings["autoAssignCustomDomains"] !== false)
        serve(project, deployment);
    } catch (thrown) {
      deployment.readyState = "ERROR";
      deployment.errorCode = "BUILD_FAILED";
      deployment.errorMessage = messageOf(thrown);
    }
    save();
    // Deleted while it was being created.
    if (!state.deployments.includes(deployment)) await discard(deployment.id);
  };
  const build = (deployment: Deployment) =>
    background.start(`vercel deployment ${deployment.id}`, () => run(deployment));
  const discard = async (id: string) => {
    await deps.apps.stop(id);
    await rm(folder(id), { recursive: true, force: true });
  };
  const remove = async (id: string) => {
    state.deployments = state.deployments.filter((deployment) => deployment.id !== id);
    for (const project of state.projects) if (project.production === id) delete project.production;
    await discard(id);
  };

  app.post("/files", async (c) => {
    const digest = c.req.header("x-vercel-digest") ?? c.req.header("x-now-digest") ?? "";
    const content = Buffer.from(await c.req.arrayBuffer());
    if (createHash("sha1").update(content).digest("hex") !== digest) {
      throw refusal(400, "invalid_sha", "The x-vercel-digest header is not the SHA-1 of the content.");
    }
    await mkdir(uploads, { recursive: true });
    const partial = join(uploads, `${digest}.${hexId(8)}`);
    await writeFile(partial, content, { mode: 0o600 });
    await rename(partial, join(uploads, digest));
    return c.json({ urls: [] });
  });

  app.post("/deployments", async (c) => {
    const body = await readBody(c, deploymentBody, badRequest);
    const project = findProject(body.project ?? body.name);
    for (const { file } of body.files) {
      if (normalize(file) !== file || file.startsWith("..") || file.startsWith("/"))
        throw badRequest(`\`files\` has an invalid path "${file}".`);
    }
    const missing = [...new Set(body.files.map((file) => file.sha).filter((sha) => !existsSync(join(uploads, sha))))];
    if (missing.length > 0) throw refusal(400, "missing_files", "Missing files", { missing });
    const deployment: Deployment = {
      id: `dpl_${letterId(24)}`,
      name: project.name,
      url: `${project.name}-${hexId(9)}.vercel.app`,
      projectId: project.id,
      target: body.target === "production" ? "production" : null,
      readyState: "BUILDING",
      meta: body.meta ?? {},
      files: body.files.map(({ file, sha, mode = 0 }) => {
        return { file, sha, ...((mode & FILE_TYPE) === SYMBOLIC_LINK && { isLink: true }) };
      }),
      gitMetadata: body.gitMetadata ?? undefined,
      env: body.env ?? {},
      createdAt: now(),
    };
    state.deployments.unshift(deployment);
    save();
    build(deployment);
    return c.json(show(deployment));
  });
  app.get("/deployments", (c) => {
    const { projectId, target, state: wanted, limit } = c.req.query();
    const states = wanted?.split(",");
    const found = shown().filter(
      (deployment) =>
        (projectId ?? deployment.projectId) === deployment.projectId &&
        (states ?? [deployment.readyState]).includes(deployment.readyState) &&
        (target ?? deployment.target ?? "preview") === (deployment.target ?? "preview"),
    );
    const deployments = found.slice(0, Number(limit ?? 20)).map(showListed);
    return c.json({ deployments, pagination: { count: deployments.length, next: null, prev: null } });
  });
  app.get("/deployments/:id", (c) => c.json(show(find(c.req.param("id")))));
  app.delete("/deployments/:id", async (c) => {
    const { id } = find(c.req.param("id"));
    await remove(id);
    save();
    return c.json({ uid: id, state: "DELETED" });
  });

  app.get("/aliases/:name", (c) => {
    const name = c.req.param("name").toLowerCase();
    const project = seen().find(({ domains }) => domains.some((domain) => domain.name === name && !domain.proof));
    const deployment = state.deployments.find(({ id }) => id === project?.production);
    if (project === undefined || deployment === undefined) throw refusal(404, "not_found", "The alias was not found.");
    return c.json({
      uid: createHash("sha1").update(name).digest("hex").slice(0, 24),
      alias: name,
      created: new Date(deployment.createdAt).toISOString(),
      createdAt: deployment.createdAt,
      deploymentId: deployment.id,
      deployment: { id: deployment.id, url: deployment.url },
      projectId: project.id,
      redirect: null,
    });
  });
  addReleaseRoutes(app, world, { find, serve, plan });

  return { build, remove, settled: () => background.settled() };
}
