import type { DescribedDatabase, Right } from "../catalog/description.ts";
import type { Session } from "../session/database.ts";
import { quoteIdent } from "../session/quote.ts";
import { covers, readObjects, RESTORER } from "./platformObjects.ts";

/** Which rights of a database differ from a backup's. */
export interface PlatformDifferences {
  missing: ObjectRight[];
  /** Rights that the backup's source did not grant. */
  broader: ObjectRight[];
}

/** A right and its object. */
export interface ObjectRight {
  object: string;
  right: Right;
  /**
   * The object belongs to PostgreSQL or an extension, and the source had changed its initial rights, so that an update of the platform is
   * not the cause.
   */
  wasChanged: boolean;
  /** The object's part of GRANT … ON … and REVOKE … ON …, quoted. Undefined if the database has no such object. */
  on: string | undefined;
  /** A column's name, quoted, if the right is only on that column. */
  column: string | undefined;
}

function without(rights: readonly Right[], others: readonly Right[]): Right[] {
  return rights.filter((right) => !others.some((other) => covers(other, right)));
}

/**
 * The rights on objects that do not belong to the app, by name of the object ("routine extensions.hmac(bytea, bytea, text)"): those of the
 * platform's schemas, of extensions, and of PostgreSQL. Objects of extensions and PostgreSQL are only included if their rights were
 * changed. Only reads catalogs.
 */
export async function readPlatformRights(session: Session): Promise<Record<string, Right[]>> {
  const rows = await readObjects(session, []);
  const changed = rows.filter(
    ({ pack, now, came }) => pack === null || without(now, came).length > 0 || without(came, now).length > 0,
  );
  return Object.fromEntries(changed.map(({ name, now }) => [name, now]));
}

/** The first major version that has a right. An older source could not revoke it. */
const KNOWN_SINCE: Readonly<Record<string, number>> = { MAINTAIN: 17 };

/**
 * Compares a database with the rights that a backup's source had. No differences if the backup does not record them. An object that only
 * the database has is not compared. For an object that only the source had, its rights are reported.
 */
export async function comparePlatformRights(
  session: Session,
  { platformRights, source, extensions }: Pick<DescribedDatabase, "platformRights" | "source" | "extensions">,
): Promise<PlatformDifferences> {
  const missing: ObjectRight[] = [];
  const broader: ObjectRight[] = [];
  if (platformRights === undefined) return { missing, broader };
  const sourceMajor = Number.parseInt(source.serverVersion, 10);
  const wanted = new Map(Object.entries(platformRights));
  const rows = await readObjects(session, [...wanted.keys()]);
  // A new project may have more extensions than the source, and their objects are not compared.
  const packs = new Set(["", "plpgsql", ...extensions.map(({ name }) => name)]);
  for (const { name, on, column, pack, owner, now, came } of rows) {
    const changed = wanted.get(name);
    const expected = changed ?? (pack !== null && packs.has(pack) ? came : undefined);
    wanted.delete(name);
    if (expected === undefined) continue;
    const found = (right: Right): ObjectRight => ({
      object: name,
      right,
      wasChanged: pack !== null && changed !== undefined,
      on,
      column: column ?? undefined,
    });
    const isKnown = ({ may }: Right) => sourceMajor >= (KNOWN_SINCE[may] ?? 0);
    const isOthers = ({ to }: Right) => to !== owner;
    missing.push(...without(expected, now).filter(isOthers).map(found));
    broader.push(...without(now, expected).filter(isKnown).map(found));
  }
  for (const [object, lost] of wanted)
    missing.push(...lost.map((right) => ({ object, right, wasChanged: false, on: undefined, column: undefined })));
  return { missing, broader };
}

/** A right in words: "anon may EXECUTE routine extensions.f()". */
export function describeRight({ object, right }: ObjectRight): string {
  return `${right.to ?? "everyone (PUBLIC)"} may ${right.may} ${object}${right.grantable === true ? " and grant that to others" : ""}`;
}

/** The statement that grants such a right. */
export function grantOf(one: ObjectRight): string {
  return `grant ${clauseOf(one)} to ${roleOf(one.right)}${one.right.grantable === true ? " with grant option" : ""}`;
}

/** The statement that revokes it. */
export function revokeOf(one: ObjectRight): string {
  return `revoke ${clauseOf(one)} from ${roleOf(one.right)}`;
}

function clauseOf({ right, on, column }: ObjectRight): string {
  return `${right.may}${column === undefined ? "" : ` (${column})`} on ${on}`;
}

function roleOf({ to }: Right): string {
  if (to === null) return "public";
  return to === RESTORER ? "current_user" : quoteIdent(to);
}
