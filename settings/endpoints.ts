import { z } from "zod";

/** Addresses that stand for the public services'; a service without one is asked at its own. None ends with a slash. */
export interface Endpoints {
  readonly aws?: string | undefined;
  readonly vercel?: string | undefined;
  /** Of git; a server's API lies under its `/api/v3`. */
  readonly github?: string | undefined;
  /** Without the API's path. */
  readonly cloudflare?: string | undefined;
  /** Of the Management API. */
  readonly supabase?: string | undefined;
  /** Where requests to public names go, over plain http with the name as their host. */
  readonly edge?: string | undefined;
  /** Of a project's own API, with `{ref}` in it. */
  readonly supabaseProject?: string | undefined;
}

const ADDRESS = "an https address without a path (plain http only on 127.0.0.1 or localhost)";
const PROJECT_ADDRESS = "an address with {ref} in it";

/** Plain http would show tokens and backups to the network, so it is only for this machine. */
const address = z
  .string()
  .regex(/^(https:\/\/[^\s/]+|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?)\/?$/, { error: `must be ${ADDRESS}.` })
  .transform((url) => url.replace(/\/$/, ""))
  .optional()
  .describe(ADDRESS);
const projectAddress = z
  .string()
  .regex(/^https?:\/\/\S*\{ref\}\S*$/, { error: `must be ${PROJECT_ADDRESS}.` })
  .optional()
  .describe(PROJECT_ADDRESS);

/**
 * The keys under which they are written: a stack's settings, a scheduled run's settings and the configuration of provider `recovery` have them
 * one by one. The order is that of the runner's JSON, where another one would show as a change of every deployed stack.
 */
export const ENDPOINT_KEYS = {
  endpointAws: address,
  endpointVercel: address,
  endpointGithub: address,
  endpointCloudflare: address,
  endpointSupabase: address,
  endpointEdge: address,
  supabaseProjectUrl: projectAddress,
};

/** The addresses as they are written. */
export type FlatEndpoints = z.output<z.ZodObject<typeof ENDPOINT_KEYS>>;

/** The same values with their addresses in one object. */
export function withEndpoints<T extends FlatEndpoints>(
  values: T,
): Omit<T, keyof FlatEndpoints> & { endpoints: Endpoints } {
  const {
    endpointAws: aws,
    endpointVercel: vercel,
    endpointGithub: github,
    endpointCloudflare: cloudflare,
    endpointSupabase: supabase,
    endpointEdge: edge,
    supabaseProjectUrl: supabaseProject,
    ...rest
  } = values;
  return { ...rest, endpoints: { aws, vercel, github, cloudflare, supabase, edge, supabaseProject } };
}

/** The addresses as they are written; the reverse of {@link withEndpoints}. */
export function flatEndpoints(endpoints: Endpoints): FlatEndpoints {
  return {
    endpointAws: endpoints.aws,
    endpointVercel: endpoints.vercel,
    endpointGithub: endpoints.github,
    endpointCloudflare: endpoints.cloudflare,
    endpointSupabase: endpoints.supabase,
    endpointEdge: endpoints.edge,
    supabaseProjectUrl: endpoints.supabaseProject,
  };
}
