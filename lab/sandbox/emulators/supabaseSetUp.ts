import type { Hono } from "hono";

import { SUPABASE_REGIONS } from "../../../settings/supabaseRegions.ts";
import { refusal, type SupabaseWorld } from "./supabaseState.ts";

/** Routes that show how projects are set up: regions, compute and disk. */
export function addSetUpRoutes(app: Hono, { platform, query, findProject }: SupabaseWorld): void {
  const specific = SUPABASE_REGIONS.map((code) => ({ name: code, code, type: "specific", provider: "AWS" }));
  const smartGroup = { name: "Asia-Pacific", code: "apac", type: "smartGroup" };
  app.get("/v1/projects/available-regions", (c) => {
    if (c.req.query("organization_slug") === undefined) throw refusal(400, "organization_slug: Required");
    return c.json({ recommendations: { smartGroup, specific: [] }, all: { smartGroup: [smartGroup], specific } });
  });
  app.get("/v1/projects/:ref/billing/addons", (c) => {
    findProject(c.req.param("ref"));
    return c.json({ selected_addons: [], available_addons: [] });
  });
  app.get("/v1/projects/:ref/config/disk/util", async (c) => {
    const { ref } = findProject(c.req.param("ref"));
    const [size] = await query<{ bytes: string }>(ref, "select pg_database_size(current_database())::text as bytes");
    const used = Number(size?.bytes);
    const metrics = {
      fs_size_bytes: platform.diskBytes,
      fs_used_bytes: used,
      fs_avail_bytes: platform.diskBytes - used,
    };
    return c.json({ timestamp: new Date().toISOString(), metrics });
  });
}
