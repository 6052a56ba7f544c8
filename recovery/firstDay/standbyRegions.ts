import { SUPABASE_REGIONS } from "../../settings/supabaseRegions.ts";

type SupabaseRegion = (typeof SUPABASE_REGIONS)[number];

/** The regions of a standby: of its AWS account, and of the databases that it creates. */
export interface StandbyRegions {
  aws: string;
  supabase: SupabaseRegion;
}

/** For each region of a primary another one that is near, as far as there is one in the same country or union. */
const NEAR: Readonly<Record<SupabaseRegion, SupabaseRegion>> = {
  "ap-east-1": "ap-southeast-1",
  "ap-northeast-1": "ap-northeast-2",
  "ap-northeast-2": "ap-northeast-1",
  "ap-south-1": "ap-southeast-1",
  "ap-southeast-1": "ap-southeast-2",
  "ap-southeast-2": "ap-southeast-1",
  "ca-central-1": "us-east-2",
  "eu-central-1": "eu-west-1",
  "eu-central-2": "eu-central-1",
  "eu-north-1": "eu-central-1",
  "eu-west-1": "eu-central-1",
  "eu-west-2": "eu-west-1",
  "eu-west-3": "eu-central-1",
  "sa-east-1": "us-east-1",
  "us-east-1": "us-west-2",
  "us-east-2": "us-west-2",
  "us-west-1": "us-east-2",
  "us-west-2": "us-east-2",
};

/** Regions that AWS has in the same country and Supabase has not (https://docs.aws.amazon.com/global-infrastructure/latest/regions/). */
const ONLY_AWS: Partial<Record<SupabaseRegion, string>> = {
  "ap-northeast-1": "ap-northeast-3",
  "ap-south-1": "ap-south-2",
  "ap-southeast-2": "ap-southeast-4",
  "ca-central-1": "ca-west-1",
};

/** Vercel's regions beside those of AWS (https://vercel.com/docs/regions). */
const FUNCTION_REGIONS: Partial<Record<SupabaseRegion, string>> = {
  "ap-east-1": "hkg1",
  "ap-northeast-1": "hnd1",
  "ap-northeast-2": "icn1",
  "ap-south-1": "bom1",
  "ap-southeast-1": "sin1",
  "ap-southeast-2": "syd1",
  "eu-central-1": "fra1",
  "eu-north-1": "arn1",
  "eu-west-1": "dub1",
  "eu-west-2": "lhr1",
  "eu-west-3": "cdg1",
  "sa-east-1": "gru1",
  "us-east-1": "iad1",
  "us-east-2": "cle1",
  "us-west-1": "sfo1",
  "us-west-2": "pdx1",
};

/** Vercel's region near a database; undefined if it has none there. */
export function functionRegionNear(databaseRegion: string): string | undefined {
  return FUNCTION_REGIONS[databaseRegion as SupabaseRegion];
}

/** Regions to propose for a standby. Undefined for a region that Supabase does not have. */
export function standbyRegionsFor(primary: string): StandbyRegions | undefined {
  const known = SUPABASE_REGIONS.find((region) => region === primary);
  return known && { aws: ONLY_AWS[known] ?? NEAR[known], supabase: NEAR[known] };
}
