import { z } from "zod";

/**
 * A Supabase project that is ready for a restore. The resource's state, the component's outputs and the stack's outputs all have these
 * fields. A new field must be optional or have a default, because states of earlier versions lack it.
 */
export const READY_PROJECT = z.object({
  /** The project's reference at Supabase. */
  ref: z.string(),
  apiUrl: z.string(),
  /** Host of the session pooler, to which `port` and `user` also belong. */
  host: z.string(),
  port: z.number(),
  user: z.string(),
  database: z.string(),
  databasePassword: z.string(),
  /** The session pooler's address, with the password. */
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

/** The fields that no output may show. */
export const READY_PROJECT_SECRETS: (keyof ReadyProject)[] = ["databasePassword", "connectionString", "anonKey"];
