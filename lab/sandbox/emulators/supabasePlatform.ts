import { brotliDecompressSync } from "node:zlib";

import type { Hono } from "hono";
import { z } from "zod";

import { readBody } from "./http.ts";
import { refusal, type SupabaseProject, type SupabaseWorld } from "./supabaseState.ts";

const GB = 1e9;

/** The same code in other bytes: decompressed, and with more after the end of a bundle, which is not read. */
export function encodedAgain(body: Buffer): Buffer {
  const plain = body.toString("latin1", 0, 4) === "EZBR" ? brotliDecompressSync(body.subarray(4)) : body;
  return plain.toString("latin1", 0, 5) === "ESZIP" ? Buffer.concat([plain, Buffer.from([0])]) : plain;
}

/** Routes of what a plan includes and of disks that are full, and the platform's own look at them. */
export function addPlatformRoutes(app: Hono, { platform, state, save, query, findProject }: SupabaseWorld) {
  const isFull = async ({ ref }: SupabaseProject) => {
    const [size] = await query<{ bytes: string }>(ref, "select pg_database_size(current_database())::text as bytes");
    return Number(size?.bytes) > diskOf(findProject(ref));
  };
  const diskOf = ({ diskGb }: SupabaseProject) => (diskGb === undefined ? platform.diskBytes : diskGb * GB);
  const smallest = platform.plan === "free" ? "nano" : "micro";
  const paid = (what: string) => {
    if (platform.plan === "free") throw refusal(402, `${what} needs a paid plan`);
  };
  app.get("/v1/organizations/:slug/projects", (c) => {
    const [offset, limit] = ["offset", "limit"].map((name) =>
      Number(c.req.query(name) ?? (name === "limit" ? 100 : 0)),
    );
    const all = state.projects.filter(({ organization }) => organization === c.req.param("slug"));
    const projects = all.slice(offset, Number(offset) + Number(limit)).map((project) => ({
      ref: project.ref,
      name: project.name,
      cloud_provider: "AWS",
      region: project.region,
      is_branch: false,
      status: project.status,
      inserted_at: project.createdAt,
      databases: [
        {
          identifier: project.ref,
          type: "PRIMARY",
          region: project.region,
          status: project.status,
          cloud_provider: "AWS",
          infra_compute_size: project.compute ?? smallest,
          disk_volume_size_gb: diskOf(project) / GB,
          disk_type: "gp3",
        },
      ],
    }));
    return c.json({ projects, pagination: { count: all.length, limit, offset } });
  });
  app.patch("/v1/projects/:ref/billing/addons", async (c) => {
    const project = findProject(c.req.param("ref"));
    const wanted = z.object({ addon_type: z.literal("compute_instance"), addon_variant: z.string().startsWith("ci_") });
    const { addon_variant } = await readBody(c, wanted, (fault) => refusal(400, fault));
    paid("A larger compute size");
    project.compute = addon_variant.slice("ci_".length);
    save();
    return c.json({});
  });
  app.post("/v1/projects/:ref/config/disk", async (c) => {
    const project = findProject(c.req.param("ref"));
    const wanted = z.object({
      attributes: z.object({ type: z.literal("gp3"), iops: z.number(), size_gb: z.number() }),
    });
    const { attributes } = await readBody(c, wanted, (fault) => refusal(400, fault));
    paid("A larger disk");
    if (attributes.size_gb * GB < diskOf(project)) throw refusal(400, "A disk cannot shrink");
    project.diskGb = attributes.size_gb;
    save();
    return c.json({}, 201);
  });
  app.get("/v1/organizations/:slug", (c) => {
    const slug = c.req.param("slug");
    return c.json({ id: slug, name: slug, plan: platform.plan, opt_in_tags: [], allowed_release_channels: ["ga"] });
  });
  app.get("/v1/projects/:ref/readonly", async (c) => {
    const enabled = await isFull(findProject(c.req.param("ref")));
    return c.json({ enabled, override_enabled: false, override_active_until: "" });
  });
  return {
    watchDisks: async () => {
      for (const project of state.projects.filter(({ status }) => status === "ACTIVE_HEALTHY")) {
        const full = await isFull(project);
        if (full === (project.readOnly === true)) continue;
        const mode = full ? "set default_transaction_read_only = on" : "reset default_transaction_read_only";
        await query(
          project.ref,
          `begin read write;
           do $$ begin execute format('alter database %I ${mode}', current_database()); end $$;
           commit`,
        );
        project.readOnly = full;
        save();
      }
    },
  };
}
