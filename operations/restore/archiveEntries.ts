import type { Session } from "../../clients/database.ts";
import { PLATFORM_OWNERS } from "../database/platform.ts";
import { PLAYED_ROLE, standInOf } from "../database/standIn.ts";

/** What the target has already, so that an archive's entry for it would fail or belongs to the platform. */
export interface TargetFacts {
  schemas: ReadonlySet<string>;
  eventTriggers: ReadonlySet<string>;
  /** Roles whose default privileges the restoring role may change. */
  ownRoles: ReadonlySet<string>;
}

/** Reads what the choice of entries depends on. */
export async function readTargetFacts(session: Session): Promise<TargetFacts> {
  const [row] = await session.query<Record<"schemas" | "event_triggers" | "own_roles", string[]>>(
    `select array(select nspname::text from pg_catalog.pg_namespace) as schemas,
       array(select evtname::text from pg_catalog.pg_event_trigger) as event_triggers,
       array(select rolname::text from pg_catalog.pg_roles where pg_catalog.pg_has_role(oid, 'usage') and rolname !~ '^(pg_|supabase_)') as own_roles`,
  );
  const ownRoles = new Set(row?.own_roles);
  if (standInOf(session) !== undefined) ownRoles.add(PLAYED_ROLE);
  return {
    schemas: new Set(row?.schemas),
    eventTriggers: new Set(row?.event_triggers),
    ownRoles,
  };
}

/** The entry's description in a listing of pg_restore: "123; 2615 2200 SCHEMA - public postgres". */
const ENTRY = /^\d+; \d+ \d+ (.+)$/;

/** Rights on what an archive makes; those on large objects come with the objects, and once more after their owners. */
const RIGHTS = /^ACL /;
const RIGHTS_ON_LARGE_OBJECTS = /^ACL - LARGE OBJECT/;

/**
 * Takes out of an archive's list (`pg_restore --list`) the entries that the target can't or needn't take: extensions are
 * made beforehand, with their schema; what exists already isn't made again; default privileges of the platform's roles
 * are the platform's; rights are granted apart (restoreRights.ts); publications are held back until they are released.
 * Everything else stays, and none may fail: errors are never passed over.
 */
export function chooseEntries(list: string, target: TargetFacts): string {
  return filtered(
    list,
    (entry) => RIGHTS_ON_LARGE_OBJECTS.test(entry) || (!RIGHTS.test(entry) && isWanted(entry, target)),
  );
}

/** The entries that grant and revoke rights on what the archive makes. A restore of definitions alone has no large objects. */
export function chooseRights(list: string, withLargeObjects: boolean): string {
  return filtered(list, (entry) => RIGHTS.test(entry) && (withLargeObjects || !RIGHTS_ON_LARGE_OBJECTS.test(entry)));
}

function filtered(list: string, isChosen: (entry: string) => boolean): string {
  return list
    .split("\n")
    .filter((line) => {
      const entry = ENTRY.exec(line)?.[1];
      return entry === undefined || isChosen(entry);
    })
    .join("\n");
}

function isWanted(entry: string, target: TargetFacts): boolean {
  if (/^(COMMENT - )?EXTENSION /.test(entry)) return false;
  const schema = /^SCHEMA - (.+) \S+$/.exec(entry)?.[1];
  if (schema !== undefined) return !target.schemas.has(schema);
  if (/^(COMMENT - )?PUBLICATION /.test(entry)) return false;
  const [, eventTrigger, owner] = /^(?:COMMENT - )?EVENT TRIGGER (?:- )?(.+) (\S+)$/.exec(entry) ?? [];
  // The platform's own come with a project; where there is none, as on a server of one's own, nobody else could make them.
  if (eventTrigger !== undefined && owner !== undefined)
    return !target.eventTriggers.has(eventTrigger) && !new RegExp(PLATFORM_OWNERS).test(owner);
  const grantor = /^DEFAULT ACL .* DEFAULT PRIVILEGES FOR (?:LARGE OBJECTS|\S+) (.+)$/.exec(entry)?.[1];
  if (grantor !== undefined) return target.ownRoles.has(grantor);
  return true;
}
