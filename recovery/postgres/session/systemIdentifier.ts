import type { Session } from "./database.ts";

/**
 * Identifies a Postgres server. The identifier is generated when a server is created, and only physical copies share it. Undefined if the
 * role may not read it.
 */
export async function readSystemIdentifier(session: Session): Promise<string | undefined> {
  const [right] = await session.query<{ has: boolean }>(
    "select pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'execute') as has",
  );
  if (right?.has !== true) return undefined;
  const [row] = await session.query<{ identifier: string }>(
    "select system_identifier::text as identifier from pg_catalog.pg_control_system()",
  );
  return row?.identifier;
}
