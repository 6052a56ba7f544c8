/** A bucket in which Pulumi's own (DIY) backend keeps its files. */
export interface StateBucket {
  bucket: string;
  /** What every key begins with: empty, or ending with a slash. */
  prefix: string;
  region?: string | undefined;
  /** Only where it isn't AWS's own. */
  endpoint?: string | undefined;
}

/**
 * The bucket of an `s3://bucket/folder?region=…` backend, as Pulumi takes it (PULUMI_BACKEND_URL); undefined for any other.
 * Source: https://www.pulumi.com/docs/iac/concepts/state-and-backends/#aws-s3
 */
export function stateBucketOf(backendUrl: string): StateBucket | undefined {
  if (!backendUrl.startsWith("s3://") || !URL.canParse(backendUrl)) return undefined;
  const { hostname: bucket, pathname, searchParams } = new URL(backendUrl);
  if (bucket === "") return undefined;
  const folder = pathname.replace(/^\/+|\/+$/g, "");
  const [region, endpoint] = [searchParams.get("region"), searchParams.get("endpoint")];
  const scheme = searchParams.get("disableSSL") === "true" ? "http" : "https";
  return {
    bucket,
    prefix: folder === "" ? "" : `${folder}/`,
    ...(region !== null && { region }),
    ...(endpoint !== null && { endpoint: /^https?:/.test(endpoint) ? endpoint : `${scheme}://${endpoint}` }),
  };
}

/** Path of a stack's checkpoint within a backend, without its ending: `.json`, or `.json.gz` where the backend compresses. */
export function checkpointPath(project: string, stack: string): string {
  return `.pulumi/stacks/${project}/${stack}`;
}

/** What a checkpoint may end with. */
export const CHECKPOINT_ENDINGS = [".json", ".json.gz"] as const;
