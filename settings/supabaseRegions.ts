import { allNearest } from "../planning/nearest.ts";

/**
 * Regions in which Supabase creates projects, by AWS's code. AWS has more: Osaka (ap-northeast-3) is not one of Supabase's. Read on 29
 * November 2026 from the enum of `V1CreateProjectBody.region_selection.code` in the Management API's description
 * (https://api.supabase.com/api/v1) and from https://supabase.com/docs/guides/platform/regions. `GET /v1/projects/available-regions` lists
 * what an organization may use.
 */
export const SUPABASE_REGIONS = [
  ...(["ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"] as const),
  ...(["ca-central-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"] as const),
  ...(["sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"] as const),
] as const;

/** The reason for refusing a region, as the end of a sentence; undefined when Supabase has the region. */
export function supabaseRegionFault(region: string): string | undefined {
  if ((SUPABASE_REGIONS as readonly string[]).includes(region)) return undefined;
  const near = allNearest(region, SUPABASE_REGIONS);
  const choice = near.length > 0 ? near.join(" or ") : `one of ${SUPABASE_REGIONS.join(", ")}`;
  return `which is not a region of Supabase; choose ${choice}.`;
}
