import { allNearest } from "./nearest.ts";

/**
 * Regions that Supabase creates projects in, by AWS's code. AWS has more of them: Osaka (ap-northeast-3) is none of Supabase's.
 * Read on 29 November 2026 from the enum of `V1CreateProjectBody.region_selection.code` in the Management API's description
 * (https://api.supabase.com/api/v1) and from https://supabase.com/docs/guides/platform/regions. What an organization may use is
 * answered by `GET /v1/projects/available-regions`.
 */
export const SUPABASE_REGIONS = [
  "ap-east-1",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-central-2",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
] as const;

/** Why a region is refused, as the end of a sentence about it; undefined where Supabase has the region. */
export function supabaseRegionFault(region: string): string | undefined {
  if ((SUPABASE_REGIONS as readonly string[]).includes(region)) return undefined;
  const near = allNearest(region, SUPABASE_REGIONS);
  const choice = near.length > 0 ? near.join(" or ") : `one of ${SUPABASE_REGIONS.join(", ")}`;
  return `which is no region of Supabase (AWS has more regions); choose ${choice}.`;
}
