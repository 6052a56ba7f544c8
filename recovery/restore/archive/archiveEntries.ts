import { PLATFORM_OWNERS } from "../../postgres/catalog/platform.ts";
import { PLAYED_ROLE, standInOf } from "../../postgres/catalog/standIn.ts";
import type { Session } from "../../postgres/session/database.ts";

/** What the target has already, so that an archive's entry for it would fail or is the platform's. */
export interface TargetFacts {
  /** False in a test whose restoring role may not make any. */
  takesEventTriggers: boolean;
  /** False in a test, which must not log in to another server by what a foreign table says. */
  takesUserMappings: boolean;
  schemas: ReadonlySet<string>;
  eventTriggers: ReadonlySet<string>;
  /** Roles whose default privileges the restoring role may change. */
  ownRoles: ReadonlySet<string>;
}

/** Reads what the choice of entries depends on. */
export async function readTargetFacts(
  session: Session,
): Promise<Omit<TargetFacts, "takesEventTriggers" | "takesUserMappings">> {
  const [row] = await session.query<Record<"schemas" | "event_triggers" | "own_roles", string[]>>(
    `select array(select nspname::text from pg_catalog.pg_namespace) as schemas,
       array(select evtname::text from pg_catalog.pg_event_trigger) as event_triggers,
       array(select rolname::text from pg_catalog.pg_roles where pg_catalog.pg_has_role(oid, 'usage') and rolname !~ '^(pg_|supabase_)') as own_roles`,
  );
  const ownRoles = new Set(row?.own_roles);
  if (standInOf(session) !== undefined) ownRoles.add(PLAYED_ROLE);
  return { schemas: new Set(row?.schemas), eventTriggers: new Set(row?.event_triggers), ownRoles };
}

/** An entry in a listing of pg_restore: "123; 2615 2200 SCHEMA - public postgres". */
const ENTRY = /^(\d+); \d+ \d+ (.+)$/;
/** A verbose listing's line below it: ";	depends on: 245 7". */
const NEEDS = /^;\tdepends on:((?: \d+)+)$/;

/** Rights on what an archive makes. Those on large objects come with the objects, and again after their owners. */
const RIGHTS = /^ACL /;
const RIGHTS_ON_LARGE_OBJECTS = /^ACL - LARGE OBJECT/;
const EVENT_TRIGGER = /^(COMMENT - )?EVENT TRIGGER (?:- )?(.+) (\S+)$/;

/**
 * Removes entries from an archive's list (`pg_restore --list --verbose`): extensions, which are made before, with their schema; what exists
 * already; default privileges of the platform's roles; rights, which are granted apart (restoreRights.ts); and publications, which are held
 * back until they are released. Every other entry stays, and none of them may fail.
 */
export function chooseEntries(list: string, target: TargetFacts): string {
  const eventTriggers = new Set<string>();
  filtered(list, (entry, hasPart) => {
    const [, comment, name, owner] = EVENT_TRIGGER.exec(entry) ?? [];
    if (comment !== undefined || name === undefined || owner === undefined) return false;
    if (hasPart && isForTarget(name, owner, target)) eventTriggers.add(name);
    return false;
  });
  return filtered(
    list,
    (entry) => RIGHTS_ON_LARGE_OBJECTS.test(entry) || (!RIGHTS.test(entry) && isWanted(entry, target, eventTriggers)),
  );
}

/** The platform's own come with a project, under any owner. A plain server has none, and there only a superuser could make them. */
function isForTarget(eventTrigger: string, owner: string, target: TargetFacts): boolean {
  return (
    target.takesEventTriggers && !target.eventTriggers.has(eventTrigger) && !new RegExp(PLATFORM_OWNERS).test(owner)
  );
}

/** Which rights of an archive are chosen. */
export interface RightsChoice {
  /** On the app's own objects, or on what the platform, an extension or PostgreSQL itself has made. */
  of: "app" | "platform";
  /** Names of the app's own schemas. An archive does not define those that every database has. */
  appSchemas: readonly string[];
  /** Those on large objects as well. A restore of only definitions has none. */
  withLargeObjects: boolean;
}

/**
 * The entries that grant and revoke rights. The archive also defines the objects of the app's own rights. For members of extensions and
 * PostgreSQL's own objects, pg_dump only writes the rights that were changed.
 *
 * @param list made by `pg_restore --list --verbose`, which names what each entry depends on
 */
export function chooseRights(list: string, { of, appSchemas, withLargeObjects }: RightsChoice): string {
  return filtered(list, (entry, hasPart) => {
    if (!RIGHTS.test(entry)) return false;
    if (RIGHTS_ON_LARGE_OBJECTS.test(entry)) return of === "app" && withLargeObjects;
    const isOfApp = hasPart || appSchemas.some((schema) => entry.startsWith(`ACL - SCHEMA ${schema} `));
    return isOfApp === (of === "app");
  });
}

/** @param isChosen gets an entry's description, and whether the entry depends on anything that the archive defines */
function filtered(list: string, isChosen: (entry: string, hasPart: boolean) => boolean): string {
  const lines = list.split("\n");
  const defined = new Set(
    lines.flatMap((line) => {
      const [, id, entry] = ENTRY.exec(line) ?? [];
      return id !== undefined && entry !== undefined && !RIGHTS.test(entry) ? [id] : [];
    }),
  );
  return lines
    .filter((line, at) => {
      const entry = ENTRY.exec(line)?.[2];
      if (entry === undefined) return true;
      const [, needs = ""] = NEEDS.exec(lines[at + 1] ?? "") ?? [];
      const hasPart = needs.split(" ").some((id) => defined.has(id));
      return isChosen(entry, hasPart);
    })
    .join("\n");
}

function isWanted(entry: string, target: TargetFacts, eventTriggers: ReadonlySet<string>): boolean {
  if (/^(COMMENT - )?EXTENSION /.test(entry)) return false;
  const schema = /^SCHEMA - (.+) \S+$/.exec(entry)?.[1];
  if (schema !== undefined) return !target.schemas.has(schema);
  if (/^(COMMENT - )?PUBLICATION /.test(entry)) return false;
  if (/^USER MAPPING /.test(entry)) return target.takesUserMappings;
  const eventTrigger = EVENT_TRIGGER.exec(entry)?.[2];
  if (eventTrigger !== undefined) return eventTriggers.has(eventTrigger);
  const grantor = /^DEFAULT ACL .* DEFAULT PRIVILEGES FOR (?:LARGE OBJECTS|\S+) (.+)$/.exec(entry)?.[1];
  if (grantor !== undefined) return target.ownRoles.has(grantor);
  return true;
}
