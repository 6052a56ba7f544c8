import { brotliDecompressSync } from "node:zlib";

import type { Hono } from "hono";

import type { SupabaseProject, SupabaseWorld } from "./supabaseState.ts";

/** The same code in other bytes: decompressed, and with more after the end of a bundle, which is not read. */
export function encodedAgain(body: Buffer): Buffer {
  const plain = body.toString("latin1", 0, 4) === "EZBR" ? brotliDecompressSync(body.subarray(4)) : body;
  return plain.toString("latin1", 0, 5) === "ESZIP" ? Buffer.concat([plain, Buffer.from([0])]) : plain;
}

/** Routes of what a plan includes and of disks that are full, and the platform's own look at them. */
export function addPlatformRoutes(app: Hono, { platform, state, query, findProject }: SupabaseWorld) {
  const isFull = async ({ ref }: SupabaseProject) => {
    const [size] = await query<{ bytes: string }>(ref, "select pg_database_size(current_database())::text as bytes");
    return Number(size?.bytes) > platform.diskBytes;
  };
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
        const mode = (await isFull(project))
          ? "set default_transaction_read_only = on"
          : "reset default_transaction_read_only";
        await query(
          project.ref,
          `begin read write;
           do $$ begin execute format('alter database %I ${mode}', current_database()); end $$;
           commit`,
        );
      }
    },
  };
}
