import { Hono } from "hono";

import type { DeploymentLookup } from "../host/services.ts";
import { ApiError, bearerToken } from "./http.ts";
import { addDeploymentRoutes } from "./vercelDeployments.ts";
import { addDomainRoutes } from "./vercelDomains.ts";
import { addEnvironmentRoutes } from "./vercelEnvironment.ts";
import { addProjectRoutes } from "./vercelProjects.ts";
import { addProtectionRoutes, secretsOf } from "./vercelProtection.ts";
import { openVercelWorld, page, refusal, type VercelDeps, type VercelPlatform } from "./vercelState.ts";

/** Vercel on this machine. */
export interface VercelEmulator extends DeploymentLookup {
  app: Hono;
  /** Continues with deployments that the last daemon's end left unfinished. Call once, when apps can be started. */
  resume(): void;
  /** Waits until no deployment is being created. */
  settled(): Promise<void>;
}

/**
 * Vercel's API, under any version prefix (`/v8/projects` as `/v10/projects`). The sandbox's token has one account, whatever team a request names;
 * a further team has a token of its own, and each request with it names the team by `teamId` or `slug`.
 *
 * | method and path | what |
 * | --- | --- |
 * | GET /user/tokens/current | the token of the request, and when it ends |
 * | GET /user, /teams, /teams/:team | who is there |
 * | GET, POST /projects; GET, PATCH, DELETE /projects/:id | by id or name; DELETE ends its deployments and frees its domains |
 * | POST /projects/:id/pause, /unpause | the edge answers 503 meanwhile |
 * | PATCH /projects/:id/crons | stops and starts the scheduled calls |
 * | PATCH /projects/:id/protection-bypass | secrets that open what is protected, see vercelProtection.ts |
 * | GET, POST /projects/:id/env; GET, PATCH, DELETE /projects/:id/env/:env | POST takes one or a list, `?upsert=true` |
 * | GET, POST /projects/:id/domains; GET, PATCH, DELETE …/domains/:name; POST …/:name/verify, …/:name/move | |
 * | POST /files (also /now/files) | one file's content, named by its SHA-1 in `x-vercel-digest` |
 * | POST, GET /deployments (also /now/deployments); GET, DELETE /deployments/:id | really started, see AppRunner |
 * | POST /projects/:id/promote/:deployment, /projects/:id/rollback/:deployment | which deployment the domains lead to, see vercelReleases.ts |
 * | GET /projects/:id/rolling-release | there is never one |
 * | GET /aliases/:name | the deployment that a name leads to |
 */
export function createVercelEmulator(deps: VercelDeps, platform: VercelPlatform = {}): VercelEmulator {
  const world = openVercelWorld(deps);
  const { otherTeams: others = [] } = platform;
  const app = new Hono({
    // Vercel has no paths without a version.
    getPath: (request) => {
      const rest = /^\/v\d+(?:\/now)?(\/.*)$/.exec(new URL(request.url).pathname)?.[1];
      return rest ?? "/without/version";
    },
  });
  app.onError((error, c) => {
    if (error instanceof ApiError) return c.json(error.body, error.status);
    return c.json({ error: { code: "internal_server_error", message: error.message } }, 500);
  });
  app.notFound((c) => c.json({ error: { code: "not_found", message: "The requested resource was not found." } }, 404));
  app.use("*", async (c, next) => {
    const header = c.req.header("authorization");
    if (header === undefined)
      throw refusal(403, "forbidden", "The request is missing an authentication token", { missingToken: true });
    const isOver = platform.tokenExpiresAt !== undefined && platform.tokenExpiresAt <= deps.clock();
    const token = bearerToken(header);
    const own = others.find((team) => team.token === token);
    if ((token !== deps.credentials.vercelToken && own === undefined) || isOver)
      throw refusal(403, "forbidden", "Not authorized", { invalidToken: true });
    const { teamId, slug } = c.req.query();
    const named = others.find((team) => team.id === teamId || team.slug === slug);
    // What a token is and who has it are no team's.
    const isOfUser = /^\/v\d+\/user\b/.test(c.req.path);
    if (named !== own && !(named === undefined && isOfUser)) throw refusal(403, "forbidden", "Not authorized");
    await world.inTeam(own?.id, next);
  });
  app.get("/user", (c) => c.json({ user: { id: "sandbox", username: "sandbox", email: "sandbox@castchat.example" } }));
  app.get("/user/tokens/current", (c) => {
    const since = deps.clock().getTime();
    const ends = platform.tokenExpiresAt && { expiresAt: platform.tokenExpiresAt.getTime() };
    const teamId = world.team();
    const kind = teamId === undefined ? { type: "user" } : { type: "team", teamId };
    const scopes = [{ ...kind, origin: "manual", createdAt: since }];
    const token = { id: "sandbox", name: "sandbox", type: "token", origin: "manual", scopes, ...ends };
    return c.json({ token: { ...token, activeAt: since, createdAt: since } });
  });
  // The user of the sandbox's token is a member of no team: whatever team a request names, the projects are the same.
  app.get("/teams", (c) => c.json({ teams: [], pagination: page([], {}).pagination }));
  app.get("/teams/:team", (c) => {
    const team = c.req.param("team");
    const since = deps.clock().getTime();
    const unset = { avatar: null, billing: null, description: null };
    return c.json({
      ...unset,
      id: team,
      slug: team,
      name: team,
      creatorId: "sandbox",
      stagingPrefix: team,
      createdAt: since,
      updatedAt: since,
    });
  });
  addEnvironmentRoutes(app, world);
  addDomainRoutes(app, world, platform.textsAt);
  const { build, remove, settled } = addDeploymentRoutes(app, world, platform.plan);
  addProjectRoutes(app, world, remove);
  addProtectionRoutes(app, world);

  const { state } = world;

  return {
    app,
    resolveHost(host) {
      const name = host.toLowerCase();
      const own = state.deployments.find((deployment) => deployment.url === name && deployment.readyState === "READY");
      const project = state.projects.find((candidate) =>
        own === undefined
          ? candidate.domains.some((domain) => domain.name === name && !domain.proof)
          : candidate.id === own.projectId,
      );
      const served = own ?? state.deployments.find((deployment) => deployment.id === project?.production);
      if (project === undefined || served === undefined) return undefined;
      const secrets = secretsOf(project, name, served);
      return {
        deploymentId: served.id,
        paused: project.paused,
        ...(secrets && { secrets }),
        ...(served.isStatic && { isStatic: true }),
      };
    },
    resume() {
      for (const deployment of state.deployments) if (deployment.readyState === "BUILDING") build(deployment);
    },
    settled,
  };
}
