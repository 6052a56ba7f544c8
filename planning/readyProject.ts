import { z } from "zod";

/**
 * A Supabase project that is ready for a restore. One list for all that carry it: the resource's state, the component's outputs and the
 * stack's. A field that is added here must be optional or have a default: states of earlier versions have none.
 */
export const READY_PROJECT = z.object({
  /** Supabase's own name for it. */
  ref: z.string(),
  apiUrl: z.string(),
  /** Of the session pooler, as the port and the user are. */
  host: z.string(),
  port: z.number(),
  user: z.string(),
  database: z.string(),
  databasePassword: z.string(),
  /** The address of the session pooler with the password in it. */
  connectionString: z.string(),
  anonKey: z.string(),
  /** By Supabase's clock, ISO 8601, UTC. */
  createdAt: z.string(),
  /** Milliseconds from the request to a healthy project. */
  durationMs: z.number(),
});

/** See {@link READY_PROJECT}. */
export type ReadyProject = z.infer<typeof READY_PROJECT>;

/** The names of its fields. */
export const READY_PROJECT_KEYS = Object.keys(READY_PROJECT.shape) as (keyof ReadyProject)[];

/** Those of its fields that no output may show. */
export const READY_PROJECT_SECRETS = [
  "databasePassword",
  "connectionString",
  "anonKey",
] as const satisfies (keyof ReadyProject)[];
