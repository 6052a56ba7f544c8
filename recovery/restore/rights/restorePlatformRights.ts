import { named } from "../../../services/common/named.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import {
  comparePlatformRights,
  describeRight,
  grantOf,
  type PlatformDifferences,
  RESTORER,
  revokeOf,
} from "../../postgres/roles/platformRights.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE } from "../../postgres/session/sqlState.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { isFault, isOfApp } from "./broaderRights.ts";

/**
 * What a server answers where the role may not grant or revoke: it lacks the right to, it has the right from whom it would grant it to,
 * others hang on it, or a role or an object is not there.
 */
const NOT_PERMITTED: ReadonlySet<string> = new Set([
  ...[SQLSTATE.INSUFFICIENT_PRIVILEGE, SQLSTATE.INVALID_GRANT_OPERATION, SQLSTATE.DEPENDENT_OBJECTS_STILL_EXIST],
  ...[SQLSTATE.UNDEFINED_OBJECT, SQLSTATE.UNDEFINED_FUNCTION, SQLSTATE.UNDEFINED_TABLE, SQLSTATE.INVALID_SCHEMA_NAME],
]);

const SAVEPOINT = "castchat_right";

/**
 * Runs a statement about rights as far as the server permits it, within a transaction. Returns what the server says where it does not
 * permit it; any other error is thrown. A server may also pass over a statement with no more than a warning.
 */
async function ifPermitted(session: Session, statement: string): Promise<string | undefined> {
  await session.query(`savepoint ${SAVEPOINT}`);
  try {
    await session.query(statement);
    await session.query(`release ${SAVEPOINT}`);
    return undefined;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined || !NOT_PERMITTED.has(code)) throw error;
    await session.query(`rollback to ${SAVEPOINT}; release ${SAVEPOINT}`);
    return message;
  }
}

/**
 * Brings the rights on what the platform and extensions have made as near to the backup's as the platform permits it, within a transaction.
 * Returns what differs all the same and is no fault, in sentences.
 *
 * @param archived what the archive says of them (restoreRights.ts), for a manifest that doesn't
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

/** Grants what is missing, and takes back what is broader and would fail the checks (broaderRights.ts). */
async function comeNear(session: Session, manifest: Manifest): Promise<string[]> {
  const { missing, broader } = await comparePlatformRights(session, manifest);
  for (const right of missing.filter(({ on }) => on !== undefined)) await ifPermitted(session, grantOf(right));
  for (const right of broader.filter(isFault)) await ifPermitted(session, revokeOf(right));
  return notesOf(await comparePlatformRights(session, manifest));
}

function notesOf({ missing, broader }: PlatformDifferences): string[] {
  // What is not there at all is missed where it was granted to a role of the app's.
  const lost = missing.filter(({ on, right }) => on !== undefined || (right.to !== null && isOfApp(right.to)));
  const [faults, wider] = [
    broader.filter(isFault),
    broader.filter((one) => !isFault(one) && one.right.to !== RESTORER),
  ];
  return [
    ...(lost.length > 0
      ? [
          `${lost.length} rights on the platform's own objects are not as in the backup, as the platform does not let the restore grant them: ${named(lost.map(describeRight))}.`,
        ]
      : []),
    ...(faults.length > 0
      ? [`${faults.length} rights let in whom the backup's source had kept out: ${named(faults.map(describeRight))}.`]
      : []),
    ...(wider.length > 0
      ? [
          `The project gives its API more by itself than the backup's source did, on the platform's own objects: ${named(wider.map(describeRight))}.`,
        ]
      : []),
  ];
}

/** Statements that pg_dump writes about a role that the platform acts as. */
const ABOUT_INSIDERS =
  /\s(?:TO|FROM) "?(?:postgres|dashboard_user|pgbouncer|supabase_\w+|pgsodium_\w+|pgtle_admin|pg_\w+)"?(?: WITH GRANT OPTION)?;$/;

/**
 * For a backup that doesn't say which rights its source had: tries what its archive grants and revokes on such objects, statement by
 * statement. Returns a sentence where there is anything.
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
  const outcome = refused.length === 0 ? "none was refused" : `${refused.length} were refused: ${named(refused)}`;
  return [
    `This backup does not say which rights its source had on the platform's own objects and on extensions: ${statements.length} statements about them were tried, and ${outcome}. Compare those rights by hand.`,
  ];
}
