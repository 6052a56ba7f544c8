import { z } from "zod";

/** Addresses that replace the public services'. A service without one is called at its public address. No address ends with a slash. */
export interface Endpoints {
  readonly aws?: string | undefined;
  readonly vercel?: string | undefined;
  /** Of git. The server's API is under `/api/v3` of this address. */
  readonly github?: string | undefined;
  /** Of git. The server's API is under `/api/v4` of this address. */
  readonly gitlab?: string | undefined;
  /** Without the API's path. */
  readonly cloudflare?: string | undefined;
  /** Of the Management API. */
  readonly supabase?: string | undefined;
  /** Receives requests to public names, over plain http with the name as their host. */
  readonly edge?: string | undefined;
  /** Of a project's own API, with `{ref}` in it. */
  readonly supabaseProject?: string | undefined;
}

const ADDRESS = "an https address without a path (plain http only on 127.0.0.1 or localhost)";
const PROJECT_ADDRESS = "an https address with {ref} in it (plain http only on 127.0.0.1 or localhost)";

/** Plain http would expose tokens and backups on the network, so it is only allowed on this machine. */
const address = z
  .string()
  .regex(/^(https:\/\/[^\s/]+|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?)\/?$/, { error: `must be ${ADDRESS}.` })
  .transform((url) => url.replace(/\/$/, ""))
  .optional()
  .describe(ADDRESS);
const projectAddress = z
  .string()
  .regex(/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)[:/])\S*\{ref\}\S*$/, { error: `must be ${PROJECT_ADDRESS}.` })
  .optional()
  .describe(PROJECT_ADDRESS);

/**
 * The flat keys of the endpoints in a stack's settings, a scheduled run's settings and the configuration of provider `recovery`. They keep
 * the order of the runner's JSON: another order would show as a change of every deployed stack.
 */
export const ENDPOINT_KEYS = {
  endpointAws: address,
  endpointVercel: address,
  endpointGithub: address,
  endpointGitlab: address,
  endpointCloudflare: address,
  endpointSupabase: address,
  endpointEdge: address,
  supabaseProjectUrl: projectAddress,
};

/** The addresses under their flat keys. */
export type FlatEndpoints = z.output<z.ZodObject<typeof ENDPOINT_KEYS>>;

/** Moves a value's flat endpoint keys into one object. */
export function withEndpoints<T extends FlatEndpoints>(
  values: T,
): Omit<T, keyof FlatEndpoints> & { endpoints: Endpoints } {
  const {
    endpointAws: aws,
    endpointVercel: vercel,
    endpointGithub: github,
    endpointGitlab: gitlab,
    endpointCloudflare: cloudflare,
    endpointSupabase: supabase,
    endpointEdge: edge,
    supabaseProjectUrl: supabaseProject,
    ...rest
  } = values;
  return { ...rest, endpoints: { aws, vercel, github, gitlab, cloudflare, supabase, edge, supabaseProject } };
}

/** The addresses under their flat keys; the reverse of {@link withEndpoints}. */
export function flatEndpoints(endpoints: Endpoints): FlatEndpoints {
  return {
    endpointAws: endpoints.aws,
    endpointVercel: endpoints.vercel,
    endpointGithub: endpoints.github,
    endpointGitlab: endpoints.gitlab,
    endpointCloudflare: endpoints.cloudflare,
    endpointSupabase: endpoints.supabase,
    endpointEdge: endpoints.edge,
    supabaseProjectUrl: endpoints.supabaseProject,
  };
}
