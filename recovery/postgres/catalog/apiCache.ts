import type { Session } from "../session/database.ts";

/**
 * Tells the project's API to read the schema anew. Supabase does so by event triggers at each change of definitions, and those are
 * quiet while a recovery changes them (replicaRole.ts): without a word the API answers by the old schema, or by none.
 * Source: PostgREST's documentation, "Schema Cache".
 */
export async function reloadApiSchema(session: Session): Promise<void> {
  await session.query("notify pgrst, 'reload schema'");
}
