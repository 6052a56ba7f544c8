import type { Session } from "../../postgres/session/database.ts";
import type { Manifest } from "../../vault/manifest.ts";

/** Prefix of event triggers' names in a manifest (objects.ts). */
const KIND = "event trigger ";

/** Names of the app's event triggers. Undefined if the backup's version did not record them yet. */
export function eventTriggersOf(manifest: Pick<Manifest, "objects" | "laterKinds">): string[] | undefined {
  const names = Object.keys(manifest.objects).filter((name) => name.startsWith(KIND));
  if (names.length === 0 && manifest.laterKinds?.includes(KIND.trim()) !== true) return undefined;
  return names.map((name) => name.slice(KIND.length));
}

/** The manifest without its event triggers. */
export function manifestWithoutEventTriggers(manifest: Manifest): Manifest {
  const objects = Object.entries(manifest.objects).filter(([name]) => !name.startsWith(KIND));
  return { ...manifest, objects: Object.fromEntries(objects) };
}

/**
 * Whether the session's role may make event triggers. Servers permit it to superusers. Supabase also permits it to its privileged role,
 * by the extension supautils (https://github.com/supabase/supautils).
 */
export async function mayMakeEventTriggers(session: Session): Promise<boolean> {
  const [row] = await session.query<{ may: boolean }>(
    `select r.rolsuper or exists (select from pg_catalog.pg_roles p
       where p.rolname = pg_catalog.current_setting('supautils.privileged_role', true) and pg_catalog.pg_has_role(r.oid, p.oid, 'usage')) as may
     from pg_catalog.pg_roles r where r.rolname = current_user`,
  );
  return row?.may === true;
}
