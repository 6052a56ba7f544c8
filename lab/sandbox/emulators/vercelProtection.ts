import type { Hono } from "hono";
import { z } from "zod";

import { letterId, readBody } from "./http.ts";
import { badRequest, type Bypass, type Deployment, type Project, refusal, type VercelWorld } from "./vercelState.ts";

/** The scopes of a protection method (https://vercel.com/docs/deployment-protection#understanding-deployment-protection-by-environment). */
const SCOPES = [
  "all",
  "all_except_custom_domains",
  "prod_deployment_urls_and_all_previews",
  "production",
  "preview",
  "none",
] as const;
type Scope = (typeof SCOPES)[number];

/** A protection method in a project's settings; null if it is off. */
export const protection = z.looseObject({ deploymentType: z.enum(SCOPES) }).nullable();
/** Standard Protection, the default of a new project. */
export const STANDARD_PROTECTION = { deploymentType: "all_except_custom_domains" } as const;
/** Settings with a protection method. */
const METHODS = ["ssoProtection", "passwordProtection", "trustedIps"] as const;

const secret = z.string().regex(/^[A-Za-z0-9]{32}$/, "should be 32 letters and digits");
const note = z.string().max(100);
const bypassBody = z.strictObject({
  generate: z.strictObject({ secret: secret.optional(), note: note.optional() }).optional(),
  update: z.strictObject({ secret, isEnvVar: z.boolean().optional(), note: note.optional() }).optional(),
  revoke: z.strictObject({ secret, regenerate: z.boolean() }).optional(),
});

/**
 * The secrets that open a host to a visitor without a login; undefined if the host is open to every visitor. A host is a deployment's own
 * address or a name of its project (https://vercel.com/docs/deployment-protection).
 */
export function secretsOf(project: Project, host: string, deployment: Deployment): readonly string[] | undefined {
  const shut = METHODS.some((method) => {
    const { [method]: set = method === "ssoProtection" ? STANDARD_PROTECTION : null } = project.settings;
    return covers(protection.parse(set)?.deploymentType ?? "none", host, deployment);
  });
  return shut ? Object.keys(project.bypasses) : undefined;
}

function covers(scope: Scope, host: string, { target, url }: Deployment): boolean {
  switch (scope) {
    case "all":
      return true;
    case "all_except_custom_domains":
      return target !== "production" || host.endsWith(".vercel.app");
    case "prod_deployment_urls_and_all_previews":
      return target !== "production" || host === url;
    case "production":
      return target === "production";
    case "preview":
      return target !== "production";
    case "none":
      return false;
  }
}

/**
 * The route of automation bypasses (https://vercel.com/docs/rest-api/projects/update-protection-bypass-for-automation). Deployments see a
 * project's first bypass in their environment. While a project has bypasses, exactly one of them is in the environment.
 */
export function addProtectionRoutes(app: Hono, { findProject, save, now }: VercelWorld): void {
  const find = (project: Project, wanted: string): Bypass => {
    const found = project.bypasses[wanted];
    if (found === undefined) throw refusal(404, "not_found", "The protection bypass was not found.");
    return found;
  };
  const add = (project: Project, given: string | undefined, noted: string | undefined, isEnvVar: boolean): void => {
    const key = given ?? letterId(32);
    if (project.bypasses[key] !== undefined) throw refusal(409, "conflict", "The protection bypass exists already.");
    project.bypasses[key] = {
      createdAt: now(),
      createdBy: "sandbox",
      scope: "automation-bypass",
      isEnvVar,
      ...(noted === undefined ? {} : { note: noted }),
    };
  };
  app.patch("/projects/:id/protection-bypass", async (c) => {
    const project = findProject(c.req.param("id"));
    const { generate, update, revoke } = await readBody(c, bypassBody, badRequest);
    if (update !== undefined) {
      const changed = find(project, update.secret);
      if (update.isEnvVar === false && changed.isEnvVar) throw badRequest("`isEnvVar` of one bypass must be true.");
      if (update.isEnvVar === true) for (const other of Object.values(project.bypasses)) other.isEnvVar = false;
      Object.assign(changed, update.isEnvVar && { isEnvVar: true }, update.note !== undefined && { note: update.note });
    }
    if (revoke !== undefined) {
      const { isEnvVar, note: noted } = find(project, revoke.secret);
      const others = Object.keys(project.bypasses).length - 1;
      if (isEnvVar && others > 0 && !revoke.regenerate) {
        throw badRequest("promote another bypass before the one in the environment is revoked.");
      }
      project.bypasses = Object.fromEntries(Object.entries(project.bypasses).filter(([key]) => key !== revoke.secret));
      if (revoke.regenerate) add(project, undefined, noted, isEnvVar);
    }
    if (generate !== undefined || (revoke === undefined && update === undefined)) {
      add(project, generate?.secret, generate?.note, Object.keys(project.bypasses).length === 0);
    }
    save();
    return c.json({ protectionBypass: project.bypasses });
  });
}
