/** A bucket that holds the files of Pulumi's DIY backend. */
export interface StateBucket {
  bucket: string;
  /** Prefix of every key: empty, or ending with a slash. */
  prefix: string;
  region?: string | undefined;
  /** Only set if it isn't AWS's own. */
  endpoint?: string | undefined;
}

/**
 * The bucket of an `s3://bucket/folder?region=…` backend (PULUMI_BACKEND_URL); undefined for any other URL. Source:
 * https://www.pulumi.com/docs/iac/concepts/state-and-backends/#aws-s3
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

/** Path of a stack's checkpoint in a backend, without its ending: `.json`, or `.json.gz` if the backend compresses. */
export function checkpointPath(project: string, stack: string): string {
  return `.pulumi/stacks/${project}/${stack}`;
}

/** The possible endings of a checkpoint. */
export const CHECKPOINT_ENDINGS = [".json", ".json.gz"] as const;
