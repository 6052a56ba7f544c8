import type { Session } from "../../postgres/session/database.ts";
import { isLostConnection } from "../../postgres/session/sqlState.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { readEntries } from "../archive/archiveScript.ts";
import { withoutUnknownOptions } from "../archive/columnOptions.ts";
import { forOlderServer, NOT_NULL_CONSTRAINTS_SINCE } from "../archive/olderSyntax.ts";
import { restoreScript } from "../archive/pgRestore.ts";
import { type MadeRoles, restoreRoles } from "../rights/restoreRoles.ts";
import { revokeDefaults } from "../rights/revokeDefaults.ts";
import { inOwnSession, type Restoring } from "../run/restoring.ts";
import type { Definitions } from "./fetchParts.ts";
import { restoreExtensions } from "./restoreExtensions.ts";

/**
 * The phases "extensions", "roles" and "schema": all that is made before the rows. A resumed run has types, functions and tables already.
 * Returns the roles, and in sentences what is left out.
 *
 * @param inPlaceOf roles that were granted to the restoring one before, if the restore takes the place of another state
 */
export async function restoreSchema(
  restoring: Restoring,
  { dump, roles }: Definitions,
  inPlaceOf?: { granted: readonly string[] },
): Promise<{ notes: string[]; made: MadeRoles }> {
  const { session, manifest, phase } = restoring;
  const ofExtensions = await phase("extensions", `Making ${manifest.extensions.length} extensions`, () =>
    restoreExtensions(session, manifest),
  );
  const made = await phase("roles", "Making the app's own roles", () => restoreRoles(session, roles, inPlaceOf));
  const leftOut = restoring.isResumed
    ? (await readDefinitions(restoring, dump)).notes
    : await phase("schema", "Making types, functions and tables", async () => {
        await revokeDefaults(session);
        return await restoreDefinitions(restoring, dump);
      });
  return { notes: [...ofExtensions, ...leftOut, ...made.notes], made };
}

/** Entries in one transaction. In a transaction for all of them a server would run out of locks. */
const BATCH = 50;

/** Makes types, functions and tables in pg_restore's order, a batch of entries in each round trip. */
async function restoreDefinitions(restoring: Restoring, dump: PrivateFile): Promise<string[]> {
  const { settings, entries, notes } = await readDefinitions(restoring, dump);
  await inOwnSession(restoring, { signal: restoring.signal }, async (own) => {
    await own.query(settings);
    for (let at = 0; at < entries.length; at += BATCH) await makeBatch(own, entries.slice(at, at + BATCH));
  });
  return notes;
}

/** The statements of one query are one transaction. If one fails, each entry is made by itself, so that the error is that of the entry. */
async function makeBatch(session: Session, entries: readonly string[]): Promise<void> {
  try {
    await session.query(entries.join("\n"));
  } catch (error) {
    if (entries.length === 1 || isLostConnection(error)) throw error;
    for (const entry of entries) await session.query(entry);
  }
}

/** The definitions without words that an older server does not know. `notes` says what is left out. */
async function readDefinitions(restoring: Restoring, dump: PrivateFile) {
  const { session } = restoring;
  const { sql, list } = await restoreScript({ ...restoring, dump, args: ["--section=pre-data", "--verbose"] });
  const isOlder = session.serverMajor < NOT_NULL_CONSTRAINTS_SINCE;
  const { settings, entries } = readEntries(isOlder ? (forOlderServer(sql) ?? sql) : sql, list);
  return { settings, ...(await withoutUnknownOptions(session, entries)) };
}
