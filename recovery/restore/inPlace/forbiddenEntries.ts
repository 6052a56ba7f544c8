import { messageOf, UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { nameOf } from "../../postgres/session/confirmation.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { rollBack, withSavepoint } from "../../postgres/session/transaction.ts";
import type { ScriptEntry } from "../archive/archiveScript.ts";
import { lendRoles, listOwnGrants } from "../rights/lentRoles.ts";
import { atEntry } from "../run/entryFault.ts";
import type { RestoreWork } from "../run/restoring.ts";
import { withDumps } from "../steps/fetchParts.ts";
import { readDefinitions } from "../steps/restoreSchema.ts";

/** Kinds of entries that need more than the ownership of the app's objects. Source: "Notes" of each CREATE command in PostgreSQL's manual. */
const KINDS =
  /^(ACCESS METHOD|AGGREGATE|CAST|FOREIGN DATA WRAPPER|OPERATOR CLASS|OPERATOR FAMILY|PROCEDURAL LANGUAGE|SERVER|TEXT SEARCH (PARSER|TEMPLATE)|TRANSFORM|USER MAPPING) /;
/**
 * Lines, as pg_dump writes them, of functions in an untrusted language or with a privileged attribute or setting, and of base types and
 * their shells.
 */
const WORDS =
  /^ {4}(LANGUAGE (?!(sql|plpgsql)\b)|LANGUAGE .*\b(LEAKPROOF|SUPPORT)\b|SET (?!search_path )|INTERNALLENGTH = )|^CREATE TYPE [^\n]*;$/m;

/**
 * Refuses a backup with definitions that the connected role may not make in this database, before its gate closes: the replacement would
 * fail on them and go back. The server decides: each such entry is made in a transaction that is rolled back. Only a missing right counts,
 * since the live database may have the object already, or lack what it needs. UserError that names the entries.
 */
export async function refuseForbidden(work: RestoreWork): Promise<void> {
  const { session, manifest } = work;
  const { settings, entries } = await withDumps(work, async (fetch) =>
    readDefinitions(work, await fetch("schema.dump")),
  );
  const privileged = entries.filter(({ description, sql }) => KINDS.test(description) || WORDS.test(sql));
  if (privileged.length === 0) return;
  const refused = await rehearse(session, settings, privileged);
  if (refused.length === 0) return;
  throw new UserError(
    `The role "${session.address.user}" may not make these entries of backup ${manifest.backupId} in ${nameOf(session.address)}: ${named(refused)}. Nothing was changed. Choose a backup without them, or restore by hand without them (docs/restore-by-hand.md).`,
  );
}

/** What the server answers to the entries that it refuses for a missing right. Changes nothing. */
async function rehearse(session: Session, settings: string, entries: readonly ScriptEntry[]): Promise<string[]> {
  const refused: string[] = [];
  await session.query("begin");
  try {
    await quietEventTriggers(session);
    // As in the replacement, so that what a role of the app owns is no obstacle.
    await lendRoles(session, await listOwnGrants(session));
    await session.query(settings);
    await session.query(`set local lock_timeout = ${session.timing.lockMs}`);
    for (const { description, sql } of entries) {
      try {
        await withSavepoint(session, () => session.query(sql));
      } catch (error) {
        if (sqlStateOf(error) === SQLSTATE.INSUFFICIENT_PRIVILEGE) refused.push(messageOf(atEntry(description, error)));
        else if ((error as { severity?: unknown }).severity === undefined) throw error;
      }
    }
    return refused;
  } finally {
    await rollBack(session);
  }
}
