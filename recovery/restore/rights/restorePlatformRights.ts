import { amount } from "../../../services/common/amount.ts";
import { named } from "../../../services/common/named.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { RESTORER } from "../../postgres/roles/platformObjects.ts";
import {
  comparePlatformRights,
  describeRight,
  grantOf,
  type ObjectRight,
  type PlatformDifferences,
  revokeOf,
} from "../../postgres/roles/platformRights.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE } from "../../postgres/session/sqlState.ts";
import { withSavepoint } from "../../postgres/session/transaction.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { isFault, isOfApp } from "./broaderRights.ts";

/**
 * What a server answers if the role may not grant or revoke: it lacks the right to, it has the right from the very role that it grants to,
 * other grants depend on it, or a role or an object does not exist.
 */
const NOT_PERMITTED: ReadonlySet<string> = new Set([
  ...[SQLSTATE.INSUFFICIENT_PRIVILEGE, SQLSTATE.INVALID_GRANT_OPERATION, SQLSTATE.DEPENDENT_OBJECTS_STILL_EXIST],
  ...[SQLSTATE.UNDEFINED_OBJECT, SQLSTATE.UNDEFINED_FUNCTION, SQLSTATE.UNDEFINED_TABLE, SQLSTATE.INVALID_SCHEMA_NAME],
]);

/**
 * Runs a statement about rights within a transaction. Returns the server's message if it does not permit the statement. Any other error is
 * thrown. A server may also ignore a statement and only warn.
 */
async function ifPermitted(session: Session, statement: string): Promise<string | undefined> {
  try {
    await withSavepoint(session, () => session.query(statement));
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined || !NOT_PERMITTED.has(code)) throw error;
    return message;
  }
}

/**
 * Makes the rights on what the platform and extensions have made as similar to the backup's as the platform permits, within a transaction.
 * Returns what still differs and is no fault, in sentences.
 *
 * @param archived the archive's statements about them (restoreRights.ts), for a manifest that does not record them
 */
export async function bringPlatformRights(
  session: Session,
  manifest: Manifest,
  archived: readonly string[],
): Promise<string[]> {
  await quietEventTriggers(session);
  return manifest.platformRights === undefined
    ? await tryArchived(session, archived)
    : await comeNear(session, manifest);
}

/** Grants what is missing, and revokes what is broader and would fail the checks (broaderRights.ts). */
async function comeNear(session: Session, manifest: Manifest): Promise<string[]> {
  const found = await comparePlatformRights(session, manifest);
  const statements = [
    ...found.missing.filter(({ on }) => on !== undefined).map(grantOf),
    ...found.broader.filter(isFault).map(revokeOf),
  ];
  if (statements.length === 0) return notesOf(found);
  for (const statement of statements) await ifPermitted(session, statement);
  return notesOf(await comparePlatformRights(session, manifest));
}

function notesOf({ missing, broader }: PlatformDifferences): string[] {
  // A right on an object that does not exist is only missed by the app's own roles.
  const lost = missing.filter(({ on, right }) => on !== undefined || (right.to !== null && isOfApp(right.to)));
  const faults = broader.filter(isFault);
  const wider = broader.filter((one) => !isFault(one) && one.right.to !== RESTORER);
  const note = (sentence: string, rights: readonly ObjectRight[]) =>
    rights.length === 0 ? [] : [`${sentence}: ${named(rights.map(describeRight))}.`];
  return [
    ...note(
      `The platform does not let the restore grant ${amount(lost.length, "right")} on the platform's own objects that the backup has`,
      lost,
    ),
    ...note(
      `${amount(faults.length, "right lets", "rights let")} in a role that the backup's source had kept out`,
      faults,
    ),
    ...note("A new project grants its API more on the platform's own objects than the backup's source did", wider),
  ];
}

/** Statements of pg_dump about roles that the platform acts as. */
const ABOUT_INSIDERS =
  /\s(?:TO|FROM) "?(?:postgres|dashboard_user|pgbouncer|supabase_\w+|pgsodium_\w+|pgtle_admin|pg_\w+)"?(?: WITH GRANT OPTION)?;$/;

/**
 * For a backup that does not record its source's rights: tries each statement of its archive about such objects. Returns a sentence if
 * there is any.
 */
async function tryArchived(session: Session, entries: readonly string[]): Promise<string[]> {
  const statements = entries
    .flatMap((entry) => entry.split("\n"))
    .filter((line) => /^(GRANT|REVOKE) .*;$/.test(line) && !ABOUT_INSIDERS.test(line));
  if (statements.length === 0) return [];
  const refused: string[] = [];
  for (const statement of statements) {
    const answer = await ifPermitted(session, statement);
    if (answer !== undefined) refused.push(`${statement.replace(/;$/, "")} (${answer})`);
  }
  const outcome =
    refused.length === 0 ? "none was refused" : `${amount(refused.length, "was", "were")} refused: ${named(refused)}`;
  return [
    `This backup does not record its source's rights on the platform's own objects and on extensions. ${amount(statements.length, "statement about them was", "statements about them were")} tried, and ${outcome}. Compare those rights by hand.`,
  ];
}
