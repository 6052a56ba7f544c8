import type { Session } from "../session/database.ts";

/**
 * Makes the project's API read the schema again. On Supabase event triggers do so at each change of definitions, but they are off while a
 * recovery changes them (replicaRole.ts). Without a notice the API uses the old schema, or none. Source: PostgREST's documentation, "Schema
 * Cache".
 */
export async function reloadApiSchema(session: Session): Promise<void> {
  await session.query("notify pgrst, 'reload schema'");
}
