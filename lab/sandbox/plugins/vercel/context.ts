import type { RestContext } from "../rest.ts";

/** Vercel's API, and the team whose projects these are. */
export interface VercelContext extends RestContext {
  team: string | undefined;
}
