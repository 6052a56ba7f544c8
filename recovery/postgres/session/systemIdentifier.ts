import type { Session } from "./database.ts";

/**
 * What tells a Postgres server from all others: it is drawn when a server is made, and shared by physical copies alone. Undefined
 * where the role may not read it.
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
