import type { Hono } from "hono";
import { z } from "zod";

import { letterId, readBody } from "./http.ts";
import { switchCrons } from "./vercelConfiguration.ts";
import { addVariables, variableBody } from "./vercelEnvironment.ts";
import { addLinkRoutes, linkBody, linkTo } from "./vercelLinks.ts";
import { protection, STANDARD_PROTECTION } from "./vercelProtection.ts";
import { badRequest, type Deployment, page, type Project, refusal, type VercelWorld } from "./vercelState.ts";

/**
 * A project's settings with their defaults; Vercel refuses others by name. If Vercel's default is not certain, the emulator uses the
 * stricter: protected, and no system variables. An answer leaves out those whose value is undefined.
 */
const SETTINGS = {
  framework: null,
  buildCommand: null,
  devCommand: null,
  installCommand: null,
  outputDirectory: null,
  rootDirectory: null,
  commandForIgnoringBuildStep: null,
  publicSource: null,
  serverlessFunctionRegion: "iad1",
  nodeVersion: "24.x",
  resourceConfig: undefined,
  oidcTokenConfig: undefined,
  ssoProtection: STANDARD_PROTECTION,
  passwordProtection: null,
  trustedIps: null,
  trustedSources: undefined,
  optionsAllowlist: null,
  autoExposeSystemEnvs: false,
  enablePreviewFeedback: null,
  enableProductionFeedback: null,
  autoAssignCustomDomains: true,
  gitLFS: false,
  serverlessFunctionZeroConfigFailover: false,
  customerSupportCodeVisibility: false,
  gitForkProtection: true,
  productionDeploymentsFastLane: false,
  directoryListing: false,
  skewProtectionMaxAge: 0,
  gitComments: undefined,
  deploymentExpiration: { expirationDays: 36_500, expirationDaysProduction: 36_500, deploymentsToKeep: 10 },
  previewDeploymentsDisabled: false,
  previewDeploymentSuffix: null,
  protectedSourcemaps: false,
  enableAffectedProjectsDeployments: false,
  gitProviderOptions: undefined,
} satisfies Record<string, unknown>;
/** Settings that a request may name and that no answer shows; the regions are in `resourceConfig` there. */
const NOT_SHOWN: ReadonlySet<string> = new Set([
  ...["publicSource", "previewDeploymentsDisabled", "previewDeploymentSuffix", "serverlessFunctionRegion"],
]);
/** The settings that a new project may have (CreateProjectRequest of the official provider, and the API's own page). */
const AT_CREATION: readonly (keyof typeof SETTINGS)[] = [
  "buildCommand",
  "commandForIgnoringBuildStep",
  "devCommand",
  "enableAffectedProjectsDeployments",
  "enablePreviewFeedback",
  "enableProductionFeedback",
  "framework",
  "installCommand",
  "oidcTokenConfig",
  "outputDirectory",
  "previewDeploymentSuffix",
  "previewDeploymentsDisabled",
  "publicSource",
  "resourceConfig",
  "rootDirectory",
  "serverlessFunctionRegion",
  "serverlessFunctionZeroConfigFailover",
  "ssoProtection",
];
const NAME = /^(?!.*---)[a-z0-9._-]{1,100}$/;

const createBody = z.record(z.string(), z.unknown()).and(
  z.object({
    name: z.string(),
    environmentVariables: z.array(variableBody).nullish(),
    gitRepository: linkBody.nullish(),
  }),
);

/** The deployment behind a project's domains, as the project shows it. */
function asTarget({ id, name, url, readyState, createdAt }: Deployment) {
  return {
    id,
    name,
    url,
    deploymentHostname: url.replace(/\.vercel\.app$/, ""),
    readyState,
    target: "production",
    type: "LAMBDAS",
    plan: "pro",
    private: false,
    createdIn: "iad1",
    creator: null,
    createdAt,
  };
}

/** Routes of projects. `remove` stops a project's deployments. */
export function addProjectRoutes(app: Hono, world: VercelWorld, remove: (deploymentId: string) => Promise<void>): void {
  const { state, save, now, findProject, seen, team } = world;
  const show = (project: Project) => {
    const production = state.deployments.find((deployment) => deployment.id === project.production);
    const settings: Record<string, unknown> = { ...SETTINGS, ...project.settings };
    const resources = {
      functionDefaultRegions: [settings["serverlessFunctionRegion"] ?? SETTINGS.serverlessFunctionRegion],
    };
    return {
      accountId: project.team ?? "sandbox",
      ...Object.fromEntries(
        // A setting that is null at its default is not in the answer either.
        Object.entries(settings).filter(
          ([name, value]) =>
            !NOT_SHOWN.has(name) && !(value === null && SETTINGS[name as keyof typeof SETTINGS] === undefined),
        ),
      ),
      resourceConfig: { ...resources, ...(settings["resourceConfig"] as object | undefined) },
      defaultResourceConfig: resources,
      protectionBypass: project.bypasses,
      id: project.id,
      name: project.name,
      paused: project.paused,
      alias: project.domains.map(({ name, createdAt }) => ({
        domain: name,
        environment: "production",
        target: "PRODUCTION",
        deployment: null,
        createdAt,
      })),
      targets: { ...(production && { production: asTarget(production) }) },
      ...(project.crons === undefined ? {} : { crons: project.crons }),
      latestDeployments: [],
      live: true,
      createdAt: project.createdAt,
      updatedAt: project.updatedAt,
      lastRollbackTarget: null,
      lastAliasRequest: null,
      ...(project.rollbackDescription && { rollbackDescription: project.rollbackDescription }),
    };
  };
  const checkName = (name: string, self?: Project) => {
    if (!NAME.test(name)) {
      throw badRequest(
        "`name` must be up to 100 characters of lower-case letters, digits, '.', '_' and '-', without '---'.",
      );
    }
    if (seen().some((project) => project.name === name && project !== self)) {
      throw refusal(409, "conflict", `Project "${name}" already exists, please use a new name.`, { projectName: name });
    }
  };
  const settingsFrom = (given: Record<string, unknown>, allowed: readonly string[]) => {
    const unknown = Object.keys(given).find((name) => !allowed.includes(name));
    if (unknown !== undefined) throw badRequest(`should NOT have additional property \`${unknown}\`.`);
    for (const name of ["ssoProtection", "passwordProtection", "trustedIps"]) {
      if (name in given && !protection.safeParse(given[name]).success)
        throw badRequest(`\`${name}.deploymentType\` should be equal to one of the allowed values.`);
    }
    return given;
  };

  app.get("/projects", (c) => {
    const search = c.req.query("search") ?? "";
    const found = seen().filter((project) => project.name.includes(search));
    const { shown, pagination } = page(found, { limit: c.req.query("limit"), cursor: c.req.query("from") });
    return c.json({ projects: shown.map(show), pagination });
  });
  app.post("/projects", async (c) => {
    const { name, environmentVariables, gitRepository, ...settings } = await readBody(c, createBody, badRequest);
    checkName(name);
    // Every project has a name under Vercel's own domain, where another team may have taken the short one.
    const short = `${name}.vercel.app`;
    const isTaken = state.projects.some(({ domains }) => domains.some((domain) => domain.name === short));
    const created: Project = {
      id: `prj_${letterId(24)}`,
      team: team(),
      name,
      settings: { ...settingsFrom(settings, AT_CREATION) },
      variables: [],
      bypasses: {},
      paused: false,
      createdAt: now(),
      updatedAt: now(),
      domains: [
        {
          name: isTaken ? `${name}-${letterId(6).toLowerCase()}.vercel.app` : short,
          createdAt: now(),
          updatedAt: now(),
        },
      ],
    };
    if (gitRepository) created.settings["link"] = linkTo(gitRepository);
    const { failed } = addVariables(created, environmentVariables ?? [], false, now());
    if (failed[0] !== undefined) throw refusal(400, failed[0].error.code, failed[0].error.message);
    state.projects.push(created);
    save();
    return c.json(show(created));
  });
  app.get("/projects/:id", (c) => {
    const project = findProject(c.req.param("id"));
    // Vercel leaves it out of every other answer: https://github.com/vercel/vercel, packages/cli/src/commands/rollback/status.ts.
    const asks = c.req.query("rollbackInfo") === "true";
    return c.json({ ...show(project), ...(asks && { lastAliasRequest: project.lastAliasRequest ?? null }) });
  });
  app.patch("/projects/:id", async (c) => {
    const project = findProject(c.req.param("id"));
    const { name, ...settings } = await readBody(c, z.record(z.string(), z.unknown()), badRequest);
    const checked = settingsFrom(settings, Object.keys(SETTINGS));
    if (typeof name === "string") {
      checkName(name, project);
      project.name = name;
    }
    // The official provider sends a part of the resources at each change, and the function regions stay.
    const resources = [project.settings["resourceConfig"], checked["resourceConfig"]] as (object | undefined)[];
    Object.assign(project.settings, checked, { resourceConfig: Object.assign({}, ...resources) as object });
    project.updatedAt = now();
    save();
    return c.json(show(project));
  });
  addLinkRoutes(app, world, show);
  app.delete("/projects/:id", async (c) => {
    const project = findProject(c.req.param("id"));
    state.projects = state.projects.filter((candidate) => candidate !== project);
    const deployments = state.deployments.filter((deployment) => deployment.projectId === project.id);
    await Promise.all(deployments.map((deployment) => remove(deployment.id)));
    save();
    return c.body(null, 204);
  });
  app.patch("/projects/:id/crons", async (c) => {
    const project = findProject(c.req.param("id"));
    const { enabled } = await readBody(c, z.strictObject({ enabled: z.boolean() }), badRequest);
    project.crons = switchCrons(enabled, now(), project.crons);
    save();
    return c.json(show(project));
  });
  app.post("/projects/:id/:action{pause|unpause}", (c) => {
    findProject(c.req.param("id")).paused = c.req.param("action") === "pause";
    save();
    return c.json({});
  });
}
