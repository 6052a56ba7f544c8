import { z } from "zod";

import { segment } from "../http/http.ts";
import type { JsonClient } from "../http/jsonClient.ts";
import type { ComputeSize, ProjectSize } from "./databaseHost.ts";

const PAGE = 100;
const page = z.object({
  projects: z.array(
    z.object({
      ref: z.string(),
      databases: z.array(
        z.object({
          identifier: z.string(),
          infra_compute_size: z.string().optional(),
          disk_volume_size_gb: z.number().optional(),
        }),
      ),
    }),
  ),
  pagination: z.object({ count: z.number() }),
});

/**
 * Supabase's sizes of compute, from the smallest: `desired_instance_size` of POST /v1/projects. Several have the same memory, and differ in
 * what else they have.
 */
const SIZES: readonly string[] = [
  ...["pico", "nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge"],
  ...["16xlarge", "24xlarge_optimized_cpu", "24xlarge", "24xlarge_optimized_memory", "24xlarge_high_memory"],
  ...["48xlarge_optimized_cpu", "48xlarge", "48xlarge_optimized_memory", "48xlarge_high_memory"],
];

/** The throughput that each disk of this type has without a further charge (https://supabase.com/docs/guides/platform/compute-and-disk). */
const DISK = { type: "gp3", iops: 3000, throughput_mibps: 125 } as const;

/**
 * The calls for the size of a project's database. Sources: https://supabase.com/docs/reference/api (GET
 * /v1/organizations/{slug}/projects, PATCH …/billing/addons, POST …/config/disk).
 */
export function supabaseSizes(call: JsonClient) {
  const path = (ref: string) => `/v1/projects/${segment(ref)}`;
  return {
    async size(ref: string, signal?: AbortSignal): Promise<ProjectSize> {
      const answer = z.object({ organization_slug: z.string().optional(), organization_id: z.string().optional() });
      const project = await call({ method: "GET", path: path(ref), answer, signal });
      const slug = project.organization_slug ?? project.organization_id ?? "";
      for (let offset = 0; ; offset += PAGE) {
        const query = { offset: String(offset), limit: String(PAGE) };
        const { projects, pagination } = await call({
          method: "GET",
          path: `/v1/organizations/${segment(slug)}/projects`,
          query,
          answer: page,
          signal,
        });
        const database = projects.find((one) => one.ref === ref)?.databases.find((one) => one.identifier === ref);
        if (database !== undefined)
          return { compute: database.infra_compute_size, diskGb: database.disk_volume_size_gb };
        if (projects.length === 0 || offset + PAGE >= pagination.count)
          return { compute: undefined, diskGb: undefined };
      }
    },
    async resizeCompute(ref: string, compute: ComputeSize, signal?: AbortSignal): Promise<void> {
      const body = { addon_type: "compute_instance", addon_variant: `ci_${compute}` };
      await call({ method: "PATCH", path: `${path(ref)}/billing/addons`, body, answer: z.unknown(), signal });
    },
    async resizeDisk(ref: string, diskGb: number, signal?: AbortSignal): Promise<void> {
      const body = { attributes: { ...DISK, size_gb: diskGb } };
      await call({ method: "POST", path: `${path(ref)}/config/disk`, body, answer: z.unknown(), signal });
    },
    isLarger: (one: ComputeSize, other: ComputeSize) => SIZES.indexOf(one) > SIZES.indexOf(other),
  };
}
