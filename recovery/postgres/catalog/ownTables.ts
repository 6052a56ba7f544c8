import { UserError } from "../../../services/common/errors.ts";
import type { Session } from "../session/database.ts";
import { placeOf } from "../session/databaseUrl.ts";
import { MARKER_SCHEMA } from "./platform.ts";
import { QUIET_EVENT_TRIGGERS } from "./replicaRole.ts";

/**
 * Creates a table of the recovery if it does not exist, in a schema that no backup holds and no restore drops. The definition follows
 * `create table if not exists`, and starts with a name in that schema. All or nothing.
 *
 * @throws UserError if another role has made that schema or a table in it
 */
export async function makeOwnTable(session: Session, definition: string): Promise<void> {
  await ownTables(session);
  await session.query(`${QUIET_EVENT_TRIGGERS};
    create schema if not exists ${MARKER_SCHEMA};
    revoke all on schema ${MARKER_SCHEMA} from public;
    create table if not exists ${definition}`);
}

/**
 * Whether a table of the recovery exists.
 *
 * @param table its name, with the schema's
 * @throws UserError if another role has made that schema or a table in it
 */
export async function hasOwnTable(session: Session, table: string): Promise<boolean> {
  return (await ownTables(session)).has(table);
}

/**
 * The tables in the recovery's schema. A role that may create schemas could plant one, with a record by which a backup is refused or SQL is
 * run. So all of it must belong to the connected role, to the database's owner, or to a superuser.
 */
async function ownTables(session: Session): Promise<Set<string>> {
  const rows = await session.query<{ what: string; owner: string; trusted: boolean }>(
    `select o.what, r.rolname::text as owner, r.rolsuper or r.rolname = current_user or r.oid = d.datdba as trusted
     from (
       select n.nspname::text as what, n.nspowner as owner, n.oid from pg_catalog.pg_namespace n
       union all
       select n.nspname || '.' || c.relname, c.relowner, n.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p', 'v', 'm', 'f')
     ) o join pg_catalog.pg_namespace s on s.oid = o.oid and s.nspname = '${MARKER_SCHEMA}'
     join pg_catalog.pg_roles r on r.oid = o.owner
     join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()`,
  );
  const stranger = rows.find(({ trusted }) => !trusted);
  if (stranger === undefined) return new Set(rows.map(({ what }) => what));
  throw new UserError(
    `${stranger.what} in ${placeOf(session.address)} belongs to the role "${stranger.owner}", so this recovery has not made it and trusts nothing in the schema ${MARKER_SCHEMA}. Find out why that role has made it. Then run \`drop schema ${MARKER_SCHEMA} cascade\` as the database's owner or as that role, and the same command again.`,
  );
}
