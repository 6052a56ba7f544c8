import { forStandIn } from "../../postgres/catalog/standIn.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { readEntries } from "../archive/archiveScript.ts";
import { restoreScript, withoutPsql } from "../archive/pgRestore.ts";
import { journaledScript } from "../run/journal.ts";
import { inOwnSession, type Restoring } from "../run/restoring.ts";
import { TAKE_SCHEMAS_BACK } from "./lentSchemas.ts";

/**
 * Grants and revokes the archive's rights on the app's own objects. It runs after the rows, since an owner may have revoked its own rights.
 * What another role than the owner has granted is granted by that role again, as a member of it: pg_restore's SET SESSION AUTHORIZATION is
 * only for superusers.
 *
 * @param rights.step the step's name in the journal
 */
export async function restoreRights(
  restoring: Restoring,
  dump: PrivateFile,
  rights: { step: string; withLargeObjects: boolean },
): Promise<void> {
  const sql = await rightsScript(restoring, dump, rights.withLargeObjects);
  await inOwnSession(restoring, { signal: restoring.signal }, (session) =>
    journaledScript(session, restoring.restoreId, [{ step: rights.step, sql }]),
  );
}

/** The same as SQL, for the caller's transaction. Before, it takes back what owners were lent. */
export async function rightsScript(restoring: Restoring, dump: PrivateFile, withLargeObjects = true): Promise<string> {
  const onlyRights = { of: "app", appSchemas: restoring.manifest.appSchemas, withLargeObjects } as const;
  const { sql } = await restoreScript({ ...restoring, dump, args: [], onlyRights });
  return TAKE_SCHEMAS_BACK + byMembership(forStandIn(restoring.session, sql));
}

/** The archive's rights on objects that are not the app's own, an SQL text for each. None if the manifest records the source's rights. */
export async function archivedPlatformRights(restoring: Restoring, dump: PrivateFile): Promise<string[]> {
  const { session, manifest } = restoring;
  if (manifest.platformRights !== undefined) return [];
  const onlyRights = { of: "platform", appSchemas: manifest.appSchemas, withLargeObjects: false } as const;
  const { sql, list } = await restoreScript({ ...restoring, dump, args: ["--verbose"], onlyRights });
  return readEntries(sql, list).entries.map((entry) => forStandIn(session, entry.sql));
}

/**
 * The archive's script with SET ROLE in place of SET SESSION AUTHORIZATION. Its timeouts are left out: they would outlast the script in the
 * session that runs it, and would let it wait for a lock without end.
 */
function byMembership(sql: string): string {
  return withoutPsql(sql)
    .replaceAll(/^SET (?:statement|lock|idle_in_transaction_session|transaction)_timeout = 0;\n/gm, "")
    .replaceAll(/^SET SESSION AUTHORIZATION (.+);$/gm, "SET ROLE $1;")
    .replaceAll(/^RESET SESSION AUTHORIZATION;$/gm, "RESET ROLE;");
}
