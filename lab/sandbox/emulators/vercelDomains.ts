import type { Hono } from "hono";
import { z } from "zod";

import { readBody } from "./http.ts";
import { badRequest, type Domain, page, type Project, refusal, type VercelWorld } from "./vercelState.ts";

const options = {
  gitBranch: z.string().nullish(),
  redirect: z.string().nullish(),
  redirectStatusCode: z.union([z.literal(301), z.literal(302), z.literal(307), z.literal(308)]).nullish(),
};
const domainBody = z.strictObject({
  ...options,
  name: z.string().regex(/^(\*\.)?([a-z0-9_-]+\.)+[a-z0-9-]+$/i, "is not a domain name"),
});

/** Days for which a certificate of Let's Encrypt is valid (https://letsencrypt.org/docs/faq). */
const CERTIFICATE_DAYS = 90;

/** Routes of a project's domains. A name belongs to one project: it can be moved, but not added twice. */
export function addDomainRoutes(app: Hono, { state, findProject, save, now }: VercelWorld): void {
  const show = (project: Project, domain: Domain) => ({
    name: domain.name,
    apexName: domain.name.split(".").slice(-2).join("."),
    projectId: project.id,
    verified: true,
    gitBranch: domain.gitBranch ?? null,
    redirect: domain.redirect ?? null,
    redirectStatusCode: domain.redirectStatusCode ?? null,
    createdAt: domain.createdAt,
    updatedAt: domain.updatedAt,
  });
  const find = (idOrName: string, name: string) => {
    const project = findProject(idOrName);
    const domain = project.domains.find((candidate) => candidate.name === name.toLowerCase());
    if (domain === undefined)
      throw refusal(404, "not_found", `The domain "${name}" is not assigned to "${project.name}".`);
    return { project, domain };
  };

  // Vercel has a certificate for every domain, and renews it.
  app.get("/certs", (c) => {
    const certs = state.projects
      .flatMap(({ domains }) => domains)
      .map(({ name, createdAt }) => ({
        id: `cert_${name}`,
        cns: [name],
        autoRenew: true,
        createdAt,
        expiresAt: createdAt + CERTIFICATE_DAYS * 86_400_000,
      }));
    const { shown, pagination } = page(certs, { limit: c.req.query("limit"), cursor: c.req.query("until") });
    return c.json({ certs: shown, pagination });
  });
  app.get("/projects/:id/domains", (c) => {
    const project = findProject(c.req.param("id"));
    const { shown, pagination } = page(project.domains, { limit: c.req.query("limit"), cursor: c.req.query("until") });
    return c.json({ domains: shown.map((domain) => show(project, domain)), pagination });
  });
  app.post("/projects/:id/domains", async (c) => {
    const project = findProject(c.req.param("id"));
    const body = await readBody(c, domainBody, badRequest);
    const name = body.name.toLowerCase();
    const holder = state.projects.find((candidate) => candidate.domains.some((domain) => domain.name === name));
    if (holder !== undefined) {
      throw refusal(
        409,
        "domain_already_in_use",
        `Cannot add ${name} since it's already in use by one of your projects.`,
        { domain: { name, projectId: holder.id }, projectId: holder.id },
      );
    }
    const domain = { ...body, name, createdAt: now(), updatedAt: now() };
    project.domains.push(domain);
    save();
    return c.json(show(project, domain));
  });
  app.get("/projects/:id/domains/:name", (c) => {
    const { project, domain } = find(c.req.param("id"), c.req.param("name"));
    return c.json(show(project, domain));
  });
  app.patch("/projects/:id/domains/:name", async (c) => {
    const { project, domain } = find(c.req.param("id"), c.req.param("name"));
    Object.assign(domain, await readBody(c, z.strictObject(options), badRequest), { updatedAt: now() });
    save();
    return c.json(show(project, domain));
  });
  app.delete("/projects/:id/domains/:name", (c) => {
    const { project, domain } = find(c.req.param("id"), c.req.param("name"));
    project.domains = project.domains.filter((candidate) => candidate !== domain);
    save();
    return c.json({});
  });
  // All projects belong to one team, which needs no proof: a new domain is verified.
  app.post("/projects/:id/domains/:name/verify", (c) => {
    const { project, domain } = find(c.req.param("id"), c.req.param("name"));
    return c.json(show(project, domain));
  });
  app.post("/projects/:id/domains/:name/move", async (c) => {
    const { project, domain } = find(c.req.param("id"), c.req.param("name"));
    const { projectId, ...change } = await readBody(
      c,
      z.strictObject({ ...options, projectId: z.string() }),
      badRequest,
    );
    const to = findProject(projectId);
    project.domains = project.domains.filter((candidate) => candidate !== domain);
    to.domains.push(Object.assign(domain, change, { updatedAt: now() }));
    save();
    return c.json(show(to, domain));
  });
}
