import { z } from "zod";

import { segment } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { DatabaseInspection } from "./databaseSetUp.ts";

const organizationAnswer = z.object({ plan: z.string().nullish() });
const regionsAnswer = z.object({
  all: z.object({ specific: z.array(z.object({ code: z.string(), status: z.string().nullish() })) }),
});
const addonsAnswer = z.object({
  selected_addons: z.array(z.object({ type: z.string(), variant: z.object({ id: z.string() }) })),
});
const diskAnswer = z.object({ metrics: z.object({ fs_size_bytes: z.number(), fs_used_bytes: z.number() }) });
const onePooler = z.object({ database_type: z.string().optional(), default_pool_size: z.number().nullish() });
const poolersAnswer = z.union([z.array(onePooler), onePooler.transform((one) => [one])]);

/** How projects are set up (fields and paths: https://supabase.com/docs/reference/api). */
export function supabaseSetUp(call: JsonClient): DatabaseInspection {
  const project = (ref: string, path: string): string => `/v1/projects/${segment(ref)}/${path}`;
  return {
    plan: async (organization, signal) => {
      const path = `/v1/organizations/${segment(organization)}`;
      const { plan } = await call({ method: "GET", path, answer: organizationAnswer, signal });
      return { name: plan ?? "free", isFree: (plan ?? "free") === "free" };
    },
    regions: async (organization, signal) => {
      const query = { organization_slug: organization };
      const path = "/v1/projects/available-regions";
      const { all } = await call({ method: "GET", path, query, answer: regionsAnswer, signal });
      // A status names why a region takes no new project, such as its capacity.
      return all.specific.map(({ code, status }) => ({ code, isOpen: !status }));
    },
    compute: async (ref, signal) => {
      const path = project(ref, "billing/addons");
      const { selected_addons: selected } = await call({ method: "GET", path, answer: addonsAnswer, signal });
      return selected.find(({ type }) => type === "compute_instance")?.variant.id.replace(/^ci_/, "");
    },
    disk: async (ref, signal) => {
      const path = project(ref, "config/disk/util");
      const { metrics } = await call({ method: "GET", path, answer: diskAnswer, signal });
      return { sizeBytes: metrics.fs_size_bytes, usedBytes: metrics.fs_used_bytes };
    },
    sessions: async (ref, signal) => {
      const path = project(ref, "config/database/pooler");
      const poolers = await call({ method: "GET", path, answer: poolersAnswer, signal });
      return poolers.find((one) => (one.database_type ?? "PRIMARY") === "PRIMARY")?.default_pool_size ?? undefined;
    },
  };
}
