import type { Session } from "../session/database.ts";
import { THROWAWAY_NAME } from "../session/throwawayPostgres.ts";

/** The role that a stand-in replaces on a scratch server that already has a role of that name, with an unknown password. */
export const PLAYED_ROLE = "postgres";

/** The connected role's name if it is a stand-in, else undefined. */
export function standInOf(session: Pick<Session, "address">): string | undefined {
  const { user } = session.address;
  return new RegExp(THROWAWAY_NAME).test(user) ? user : undefined;
}

/** SQL for a role's name, with the replaced role's name for a stand-in. */
export function asPlayed(name: string): string {
  return `case when ${name} ~ '${THROWAWAY_NAME}' then '${PLAYED_ROLE}' else ${name} end`;
}

const NAME = String.raw`(?:"(?:[^"]|"")*"|[a-z_][\w$]*)`;
/** Where a GRANT, REVOKE or CREATE POLICY statement names the replaced role. */
const PLACES: readonly RegExp[] = [
  new RegExp(
    `^((?:GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) .* (?:TO|FROM) )${PLAYED_ROLE}(?=(?: WITH GRANT OPTION)?;$)`,
    "gm",
  ),
  new RegExp(`^(ALTER DEFAULT PRIVILEGES FOR ROLE )${PLAYED_ROLE}(?= )`, "gm"),
  new RegExp(`^(SET SESSION AUTHORIZATION )${PLAYED_ROLE}(?=;$)`, "gm"),
  new RegExp(`^(CREATE POLICY .*? TO (?:${NAME}, )*)${PLAYED_ROLE}(?=,| USING| WITH CHECK|;)`, "gim"),
  new RegExp(`^(ALTER .* OWNER TO )${PLAYED_ROLE}(?=;)`, "gim"),
];

/**
 * Rewrites SQL of rights and policies, as pg_dump and a backup write it, so that a stand-in gets what the replaced role has. Not for
 * functions, whose text may hold the same words.
 */
export function forStandIn(session: Pick<Session, "address">, sql: string): string {
  const name = standInOf(session);
  if (name === undefined) return sql;
  return PLACES.reduce((text, place) => text.replaceAll(place, `$1${name}`), sql);
}
