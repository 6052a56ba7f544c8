import { amount } from "../../../services/common/amount.ts";
import type { Session } from "../../postgres/session/database.ts";
import { isLostConnection } from "../../postgres/session/sqlState.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { readEntries, type ScriptEntry } from "../archive/archiveScript.ts";
import { withoutUnknownOptions } from "../archive/columnOptions.ts";
import { isOtherOwner, splitOwner } from "../archive/entryOwners.ts";
import { forOlderServer, NOT_NULL_CONSTRAINTS_SINCE } from "../archive/olderSyntax.ts";
import { restoreScript } from "../archive/pgRestore.ts";
import { lendSchemas } from "../rights/lentSchemas.ts";
import { type MadeRoles, restoreRoles } from "../rights/restoreRoles.ts";
import { revokeDefaults } from "../rights/revokeDefaults.ts";
import { inOwnSession, type RestoreWork, type Restoring } from "../run/restoring.ts";
import type { Definitions } from "./fetchParts.ts";
import { makeFitting } from "./makeFitting.ts";
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

/** Entries in one transaction. In a transaction for all of them a server would run out of locks. */
const BATCH = 50;

/**
 * Makes types, functions and tables in pg_restore's order, a batch of entries in each round trip. What belongs to another role than the
 * restoring one gets its owner at once, so that nothing of it runs as the restoring role later.
 */
async function restoreDefinitions(restoring: Restoring, dump: PrivateFile): Promise<string[]> {
  const { settings, entries, notes } = await readDefinitions(restoring, dump);
  const isOther = isOtherOwner(restoring.session, restoring.manifest.objects);
  const owners = [...new Set(entries.flatMap(({ owned }) => (owned && isOther(owned.owner) ? [owned.owner] : [])))];
  await inOwnSession(restoring, { signal: restoring.signal }, async (own) => {
    await own.query(settings);
    for (const group of inGroups(entries, ({ description }) => description.startsWith("SCHEMA "))) {
      // An owner needs rights in each schema that is there by now.
      if (owners.length > 0 && !group.matches) await lendSchemas(own, owners);
      const owned = group.items.map((one): FittingEntry => {
        return { ...one, owner: one.owned !== undefined && isOther(one.owned.owner) ? one.owned.statement : "" };
      });
      for (let at = 0; at < owned.length; at += BATCH)
        await makeBatch(own, restoring.restoreId, owned.slice(at, at + BATCH));
    }
  });
  return notes;
}

/** Splits a list into its runs of items that match and of those that do not. */
function inGroups<T>(items: readonly T[], matches: (item: T) => boolean): { matches: boolean; items: T[] }[] {
  const groups: { matches: boolean; items: T[] }[] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last?.matches === matches(item)) last.items.push(item);
    else groups.push({ matches: matches(item), items: [item] });
  }
  return groups;
}

/** An entry, and the statement that sets its owner; empty if the restoring role keeps it. */
interface FittingEntry extends ScriptEntry {
  owner: string;
}

/** The statements of one query are one transaction. If one fails, each entry is made by itself, as far as the target can take it. */
async function makeBatch(session: Session, restoreId: string, entries: readonly FittingEntry[]): Promise<void> {
  try {
    await session.query(entries.map(({ sql, owner }) => sql + owner).join("\n"));
  } catch (error) {
    if (isLostConnection(error)) throw error;
    for (const entry of entries)
      await makeFitting(session, restoreId, entry, (sql) => session.query(sql + entry.owner));
  }
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
