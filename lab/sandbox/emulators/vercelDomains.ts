import type { Hono } from "hono";
import { z } from "zod";

import { hexId, readBody } from "./http.ts";
import {
  badRequest,
  type Domain,
  page,
  type Project,
  refusal,
  type VercelPlatform,
  type VercelWorld,
} from "./vercelState.ts";

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

/**
 * Routes of a project's domains. A name belongs to one project: within a team it can be moved, but not added twice. A name of another team's project
 * can be added, and is unverified until the zone proves it; then the other project loses it. Sources:
 * https://vercel.com/docs/rest-api/projects/add-a-domain-to-a-project, https://vercel.com/kb/guide/domain-linked-to-another-account.
 */
export function addDomainRoutes(
  app: Hono,
  { state, findProject, save, now, seen }: VercelWorld,
  textsAt: VercelPlatform["textsAt"] = () => [],
): void {
  const apexOf = (name: string) => name.split(".").slice(-2).join(".");
  const holderOf = (name: string, projects: readonly Project[]) =>
    projects.find((candidate) => candidate.domains.some((domain) => domain.name === name && !domain.proof));
  const show = (project: Project, domain: Domain) => ({
    name: domain.name,
    apexName: apexOf(domain.name),
    projectId: project.id,
    verified: !domain.proof,
    ...(domain.proof && {
      verification: [{ type: "TXT", ...domain.proof, reason: "pending_domain_verification" }],
    }),
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
    const certs = seen()
      .flatMap(({ domains }) => domains.filter(({ proof }) => !proof))
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
    const holder = seen().find((candidate) => candidate.domains.some((domain) => domain.name === name));
    if (holder !== undefined) {
      throw refusal(
        409,
        "domain_already_in_use",
        `Cannot add ${name} since it's already in use by one of your projects.`,
        { domain: { name, projectId: holder.id }, projectId: holder.id },
      );
    }
    const value = `vc-domain-verify=${name},${hexId(20)}`;
    const isForeign = holderOf(name, state.projects) !== undefined;
    const proof = isForeign ? { domain: `_vercel.${apexOf(name)}`, value } : undefined;
    const domain = { ...body, name, proof, createdAt: now(), updatedAt: now() };
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
  app.post("/projects/:id/domains/:name/verify", (c) => {
    const { project, domain } = find(c.req.param("id"), c.req.param("name"));
    const { name, proof } = domain;
    if (proof) {
      if (!textsAt(proof.domain).some((text) => text.replaceAll('"', "") === proof.value)) {
        const message = `Domain ${proof.domain} is missing required TXT Record "${proof.value}"`;
        throw refusal(400, "missing_txt_record", message);
      }
      const before = holderOf(name, state.projects);
      if (before !== undefined) before.domains = before.domains.filter((one) => one.name !== name);
      delete domain.proof;
      save();
    }
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
