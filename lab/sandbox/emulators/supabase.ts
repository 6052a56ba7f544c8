import { type Context, Hono } from "hono";
import { z } from "zod";

import { messageOf } from "../../../services/common/errors.ts";
import { SUPABASE_REGIONS } from "../../../settings/supabaseRegions.ts";
import type { PoolerLimits } from "../pooler/limits.ts";
import { ApiError, bearerToken, letterId, readBody } from "./http.ts";
import { addAuthRoutes } from "./supabaseAuth.ts";
import { AUTH_SETTINGS } from "./supabaseAuthSettings.ts";
import { addBackupRoutes, type PlatformBackups } from "./supabaseBackups.ts";
import { addFunctionRoutes } from "./supabaseFunctions.ts";
import { openLifecycle } from "./supabaseLifecycle.ts";
import { addPlatformRoutes } from "./supabasePlatform.ts";
import { addPoolerRoutes } from "./supabasePooler.ts";
import { addSetUpRoutes } from "./supabaseSetUp.ts";
import {
  apiKey,
  newJwtSecret,
  openSupabaseWorld,
  refusal,
  SANDBOX_PLATFORM,
  shownSettings,
  type SupabaseDeps,
  type SupabasePlatform,
  type SupabaseProject,
} from "./supabaseState.ts";
import { addStorageRoutes } from "./supabaseStorage.ts";

/** Supabase on this machine. */
export interface SupabaseEmulator {
  app: Hono;
  backups: PlatformBackups;
  /** Continues with projects that the last daemon's end left unfinished. Call once, after the servers have been started. */
  resume: () => void;
  /** Makes databases read-only that have outgrown their disks, for new sessions, and the others writable. */
  watchDisks: () => Promise<void>;
  /** The limits of a project's pooler. */
  poolerLimits: (ref: string) => PoolerLimits;
  /** Waits until no project is being created, paused or restored. */
  settled: () => Promise<void>;
}

const SERVICES = ["auth", "db", "db_postgres_user", "pooler", "realtime", "rest", "storage", "pg_bouncer"] as const;
const createBody = z.object({
  name: z.string().min(1).max(256),
  organization_slug: z.string().min(1).optional(),
  organization_id: z.string().min(1).optional(),
  db_pass: z.string().min(1),
  region: z.string().optional(),
  region_selection: z.object({ type: z.literal("specific"), code: z.string() }).optional(),
});
/**
 * Supabase's Management API and, under `/projects/:ref`, each project's own API (see supabaseAuth.ts, supabaseStorage.ts); its edge
 * functions are in supabaseFunctions.ts.
 *
 * | method and path under /v1 | what |
 * | --- | --- |
 * | GET /organizations, /organizations/:slug, …/projects | those with projects; one with its plan; its projects with their sizes |
 * | PATCH /projects/:ref/billing/addons, POST …/config/disk | compute and disk, of a paid plan only; without the restart |
 * | GET /projects/available-regions, /projects/:ref/billing/addons, …/config/disk/util | how projects are set up |
 * | GET, POST /projects; GET, DELETE /projects/:ref | several may have one name, as at Supabase; POST starts a real Postgres server |
 * | GET /projects/:ref/health?services=… | `db` and services that need it ask the server itself |
 * | GET /projects/:ref/config/database/pooler | see supabasePooler.ts |
 * | GET /projects/:ref/api-keys?reveal=true | anon, service_role |
 * | GET, PATCH /projects/:ref/config/auth | stored as given; a hash is shown in place of a secret |
 * | PATCH /projects/:ref/database/password | only of `postgres` |
 * | GET /projects/:ref/database/backups, POST …/restore, …/restore-pitr | see supabaseBackups.ts |
 * | POST /projects/:ref/pause, /restore | stops and starts the server; a paid plan has no pause |
 * | GET /projects/:ref/readonly | whether the database has outgrown its disk, see `watchDisks` |
 */
export function createSupabaseEmulator(
  deps: SupabaseDeps,
  platform: SupabasePlatform = SANDBOX_PLATFORM,
): SupabaseEmulator {
  const world = openSupabaseWorld(deps, platform);
  const { state, save, findProject, query } = world;

  const { bringUp, restore, restoreBackup, pause, resume, settled } = openLifecycle(world);

  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof ApiError) return c.json(error.body, error.status);
    return c.json({ message: `Internal Server Error: ${error.message}` }, 500);
  });
  app.notFound((c) =>
    c.json({ message: `Cannot ${c.req.method} ${c.req.path}`, error: "Not Found", statusCode: 404 }, 404),
  );
  app.use("*", async (c, next) => {
    // A project's own API has keys of its own.
    const own = c.req.path.startsWith("/projects/");
    const isOver = platform.tokenExpiresAt !== undefined && platform.tokenExpiresAt <= deps.clock();
    if (!own && (bearerToken(c.req.header("authorization")) !== deps.credentials.supabaseToken || isOver))
      throw refusal(401, "Unauthorized");
    await next();
  });
  addAuthRoutes(app, world);
  const backups = addBackupRoutes(app, world, restoreBackup);
  addStorageRoutes(app, world);
  addFunctionRoutes(app, world);
  const { watchDisks } = addPlatformRoutes(app, world);
  addSetUpRoutes(app, world);
  const { poolerLimits } = addPoolerRoutes(app, world);

  const show = (project: SupabaseProject) => ({
    id: project.ref,
    ref: project.ref,
    organization_id: project.organization,
    organization_slug: project.organization,
    name: project.name,
    region: project.region,
    created_at: project.createdAt,
    status: project.status,
  });
  const showWithDatabase = (project: SupabaseProject) => ({
    ...show(project),
    database: { host: project.address?.host ?? "", version: "17.10", postgres_engine: "17", release_channel: "ga" },
  });
  const asked = (c: Context) => findProject(c.req.param("ref") ?? "");
  const badRequest = (fault: string) => refusal(400, fault);

  app.get("/v1/organizations", (c) => {
    const slugs = [...new Set(state.projects.map((project) => project.organization))];
    return c.json(slugs.map((slug) => ({ id: slug, slug, name: slug })));
  });
  app.get("/v1/projects", (c) => c.json(state.projects.map(showWithDatabase)));
  app.post("/v1/projects", async (c) => {
    const body = await readBody(c, createBody, badRequest);
    const organization = body.organization_slug ?? body.organization_id;
    const region = body.region_selection?.code ?? body.region;
    if (organization === undefined) throw badRequest("organization_slug: Required");
    if (region === undefined) throw badRequest("region_selection: Required");
    if (!(SUPABASE_REGIONS as readonly string[]).includes(region))
      throw badRequest(
        `region_selection.code: Invalid enum value. Expected '${SUPABASE_REGIONS.join("' | '")}', received '${region}'`,
      );
    const project: SupabaseProject = {
      ref: letterId(20),
      name: body.name,
      organization,
      region,
      status: "COMING_UP",
      createdAt: deps.clock().toISOString(),
      jwtSecret: newJwtSecret(),
      firstPassword: body.db_pass,
      authSettings: { ...AUTH_SETTINGS },
    };
    state.projects.push(project);
    save();
    bringUp(project);
    return c.json(show(project), 201);
  });
  app.get("/v1/projects/:ref", (c) => c.json(showWithDatabase(asked(c))));
  app.delete("/v1/projects/:ref", async (c) => {
    const project = asked(c);
    state.projects = state.projects.filter((candidate) => candidate !== project);
    save();
    // The code that creates it destroys a project that is still coming up.
    if (project.status !== "COMING_UP") await deps.postgres.destroy(project.ref);
    // The number is one of the platform's own.
    return c.json({ id: 1, ref: project.ref, name: project.name });
  });

  app.get("/v1/projects/:ref/health", async (c) => {
    const project = asked(c);
    const services = c.req.queries("services") ?? [];
    const unknown = services.find((service) => !SERVICES.some((known) => known === service));
    if (services.length === 0 || unknown !== undefined) throw badRequest(`services: ${unknown ?? "Required"}`);
    const fault =
      project.status === "ACTIVE_HEALTHY"
        ? await query(project.ref, "select 1").then(() => undefined, messageOf)
        : undefined;
    const status =
      project.status !== "ACTIVE_HEALTHY" ? "COMING_UP" : fault === undefined ? "ACTIVE_HEALTHY" : "UNHEALTHY";
    return c.json(
      services.map((name) => ({
        name,
        healthy: status === "ACTIVE_HEALTHY",
        status,
        ...(fault === undefined ? {} : { error: fault }),
      })),
    );
  });
  app.get("/v1/projects/:ref/api-keys", async (c) => {
    const project = asked(c);
    const reveal = c.req.query("reveal") === "true";
    const keys = (["anon", "service_role"] as const).map(async (name) => ({
      name,
      id: name,
      type: "legacy",
      description: `Legacy ${name} API key`,
      api_key: reveal ? await apiKey(project, name) : null,
    }));
    return c.json(await Promise.all(keys));
  });
  app.get("/v1/projects/:ref/config/auth", (c) => c.json(shownSettings(asked(c))));
  app.patch("/v1/projects/:ref/config/auth", async (c) => {
    const project = asked(c);
    Object.assign(project.authSettings, await readBody(c, z.record(z.string(), z.unknown()), badRequest));
    save();
    return c.json(shownSettings(project));
  });
  app.patch("/v1/projects/:ref/database/password", async (c) => {
    const project = asked(c);
    const { password } = await readBody(c, z.object({ password: z.string().min(4) }), badRequest);
    if (project.status !== "ACTIVE_HEALTHY") throw badRequest("Project is not active");
    await deps.postgres.setPassword(project.ref, password);
    return c.json({ message: "Successfully updated password" });
  });
  app.post("/v1/projects/:ref/pause", (c) => {
    const project = asked(c);
    if (platform.plan !== "free") throw badRequest("Projects of a paid plan cannot be paused");
    if (project.status !== "ACTIVE_HEALTHY") throw badRequest("Project is not active");
    project.status = "PAUSING";
    save();
    pause(project);
    return c.json({});
  });
  app.post("/v1/projects/:ref/restore", (c) => {
    const project = asked(c);
    if (project.status !== "INACTIVE") throw badRequest("Project is not paused");
    project.status = "RESTORING";
    save();
    restore(project);
    return c.json({});
  });

  return { app, backups, resume, settled, watchDisks, poolerLimits };
}
