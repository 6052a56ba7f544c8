import { z } from "zod";

/** What is found of a live database beside its reference and its address. The resource's state has these fields. */
export const EXISTING_DATABASE = z.object({
  /** The project's name at the database host. */
  projectName: z.string(),
  apiUrl: z.string(),
  anonKey: z.string(),
});

/** See {@link EXISTING_DATABASE}. */
export type ExistingDatabaseFacts = z.infer<typeof EXISTING_DATABASE>;

/** The names of its fields. */
export const EXISTING_DATABASE_KEYS = Object.keys(EXISTING_DATABASE.shape) as (keyof ExistingDatabaseFacts)[];
