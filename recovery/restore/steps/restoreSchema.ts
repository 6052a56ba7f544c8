import { amount } from "../../../services/common/amount.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { readEntries } from "../archive/archiveScript.ts";
import { withoutUnknownOptions } from "../archive/columnOptions.ts";
import { splitOwner } from "../archive/entryOwners.ts";
import { forOlderServer, NOT_NULL_CONSTRAINTS_SINCE } from "../archive/olderSyntax.ts";
import { restoreScript } from "../archive/pgRestore.ts";
import { type MadeRoles, restoreRoles } from "../rights/restoreRoles.ts";
import { revokeDefaults } from "../rights/revokeDefaults.ts";
import type { RestoreWork, Restoring } from "../run/restoring.ts";
import type { Definitions } from "./fetchParts.ts";
import { makeDefinitions } from "./makeDefinitions.ts";
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
  const ofExtensions = await phase("extensions", `Making ${amount(manifest.extensions.length, "extension")}`, () =>
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

/** Makes types, functions and tables. Returns in sentences what is left out. */
async function restoreDefinitions(restoring: Restoring, dump: PrivateFile): Promise<string[]> {
  const { settings, entries, notes } = await readDefinitions(restoring, dump);
  await makeDefinitions(restoring, settings, entries);
  return notes;
}

/** The definitions without words that the target's server does not know. `notes` says what is left out. */
export async function readDefinitions(
  work: RestoreWork & Pick<Restoring, "withoutEventTriggers" | "isTest">,
  dump: PrivateFile,
) {
  const { session } = work;
  const args = ["--section=pre-data", "--verbose"];
  const { sql, list } = await restoreScript({ ...work, dump, args, withOwners: true });
  const isOlder = session.serverMajor < NOT_NULL_CONSTRAINTS_SINCE;
  const read = readEntries(isOlder ? (forOlderServer(sql) ?? sql) : sql, list);
  const { entries, notes } = await withoutUnknownOptions(session, read.entries);
  return { settings: read.settings, entries: entries.map(splitOwner), notes };
}
