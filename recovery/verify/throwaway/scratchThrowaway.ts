import { randomBytes } from "node:crypto";

import { UserError } from "../../../services/common/errors.ts";
import { connect, type Session, withSession } from "../../postgres/session/database.ts";
import { placeOf } from "../../postgres/session/databaseUrl.ts";
import { readSystemIdentifier } from "../../postgres/session/systemIdentifier.ts";
import {
  markOf,
  type Throwaway,
  THROWAWAY_NAME,
  type ThrowawayPostgres,
  type ThrowawayWish,
} from "../../postgres/session/throwawayPostgres.ts";

/** Not bound to a signal: the removal must also run after an abort. */
const CLEANER = "castchat-recovery verify cleaning";

/**
 * Makes a new database on a scratch server for each test restore, over a superuser's connection. Other databases of the server are not
 * touched. The server that the backup comes from is refused.
 */
export function scratchThrowaway(administratorUrl: string): ThrowawayPostgres {
  return {
    async create(wish) {
      const name = `castchat_verify_${randomBytes(6).toString("hex")}`;
      // Its name in pg_stat_activity shows other runs that this one lives.
      const keeper = await connect(administratorUrl, { applicationName: markOf(name) });
      try {
        await refuseServer(keeper, wish);
        await removeLeftovers(keeper, name);
        wish.signal.throwIfAborted();
        wish.reporter(`Creating database ${name} on the scratch server ${placeOf(keeper.address)}`);
        return await makeDatabase(keeper, administratorUrl, name);
      } catch (error) {
        await keeper.end();
        throw error;
      }
    },
  };
}

async function makeDatabase(keeper: Session, administratorUrl: string, name: string): Promise<Throwaway> {
  await keeper.query(`create database ${name} template template0 encoding 'UTF8'`);
  const url = new URL(administratorUrl);
  url.pathname = `/${name}`;
  return {
    description: `database ${name} on the scratch server ${placeOf(keeper.address)}`,
    name,
    adminUrl: url.href,
    async remove() {
      await withSession(administratorUrl, { applicationName: CLEANER }, (session) => removeOne(session, name));
      await keeper.end();
    },
  };
}

/** UserError if the server must not, or can't, take the test restore. */
async function refuseServer(session: Session, wish: ThrowawayWish): Promise<void> {
  const [server] = await session.query<{ superuser: boolean; replica: boolean }>(
    `select (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser, pg_catalog.pg_is_in_recovery() as replica`,
  );
  if (server === undefined) throw new Error("the scratch server returned no row about itself");
  const place = placeOf(session.address);
  const identifier = await readSystemIdentifier(session);
  if (wish.forbidden.includes(place) || (identifier !== undefined && identifier === wish.systemIdentifier))
    throw new UserError(
      `VERIFY_DATABASE_URL points to ${place}, which is the backup's source or a copy of it. A test restore never runs there. Set VERIFY_DATABASE_URL to a scratch server.`,
    );
  if (!server.superuser || server.replica)
    throw new UserError(
      `VERIFY_DATABASE_URL must be a superuser's connection to a writable server. "${session.address.user}" on ${place} is not. Set it to one that is.`,
    );
  if (session.serverMajor !== wish.serverMajor)
    throw new UserError(
      `The scratch server ${place} is PostgreSQL ${session.serverMajor}, but the backup is of ${wish.serverMajor}. Set VERIFY_DATABASE_URL to a server of the same major version.`,
    );
}

/**
 * Removes what killed runs have left.
 *
 * @throws UserError if another test restore is running, since roles belong to the whole server
 */
async function removeLeftovers(session: Session, own: string): Promise<void> {
  const found = await session.query<{ name: string; lives: boolean }>(
    `select names.name, exists (select from pg_catalog.pg_stat_activity a where a.application_name = 'castchat-recovery verify ' || names.name) as lives
       from (
         select datname as name from pg_catalog.pg_database
         union select substr(application_name, length('castchat-recovery verify ') + 1) from pg_catalog.pg_stat_activity
         union select substr(d.description, length('castchat-recovery verify ') + 1) from pg_catalog.pg_shdescription d
           where d.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass
       ) names where names.name ~ $1 and names.name <> $2`,
    [THROWAWAY_NAME, own],
  );
  if (found.some((one) => one.lives))
    throw new UserError(
      `Another test restore is running on the scratch server ${placeOf(session.address)}. Wait for it to finish, then run this again.`,
    );
  for (const { name } of found) await removeOne(session, name);
}

/** Drops a throwaway database with all its sessions, then the roles that were created for it. */
async function removeOne(session: Session, name: string): Promise<void> {
  if (!new RegExp(THROWAWAY_NAME).test(name)) throw new Error(`"${name}" is not a throwaway database`);
  await session.query(`drop database if exists ${name} with (force)`);
  const [roles] = await session.query<{ names: string | null }>(
    `select string_agg(quote_ident(r.rolname), ', ') as names from pg_catalog.pg_roles r
       where pg_catalog.shobj_description(r.oid, 'pg_authid') = $1`,
    [markOf(name)],
  );
  // DROP OWNED also revokes rights on the server itself.
  if (roles?.names) await session.query(`drop owned by ${roles.names}; drop role ${roles.names}`);
}
