import type { Session } from "../session/database.ts";

/**
 * Whether the session's role may make event triggers, and publications of all tables or whole schemas. Servers permit it to superusers.
 * Supabase also permits it to its privileged role, by the extension supautils (T_CreateEventTrigStmt and T_CreatePublicationStmt in
 * https://github.com/supabase/supautils/blob/master/src/supautils.c).
 */
export async function isPrivileged(session: Session): Promise<boolean> {
  const [row] = await session.query<{ may: boolean }>(
    `select r.rolsuper or exists (select from pg_catalog.pg_roles p
       where p.rolname = pg_catalog.current_setting('supautils.privileged_role', true) and pg_catalog.pg_has_role(r.oid, p.oid, 'usage')) as may
     from pg_catalog.pg_roles r where r.rolname = current_user`,
  );
  return row?.may === true;
}
