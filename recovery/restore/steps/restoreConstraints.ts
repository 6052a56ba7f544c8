import { inTransaction } from "../../postgres/session/transaction.ts";
import { bringPlatformRights } from "../rights/restorePlatformRights.ts";
import { archivedPlatformRights, restoreRights } from "../rights/restoreRights.ts";
import { journaledScript, readJournal } from "../run/journal.ts";
import type { Restoring } from "../run/restoring.ts";
import type { Definitions } from "./fetchParts.ts";
import { restorePostData } from "./restorePostData.ts";
import { fillViews, journaledViews } from "./restoreState.ts";

/** Steps beside the archive's entries. */
const RIGHTS = "rights";
const MANAGED_OBJECTS = "managed objects";

/**
 * The phase "constraints": indexes, constraints, triggers and policies of the archive, then what else the recipe makes. `further` gets the
 * steps that an interrupted run has done.
 */
export async function restoreConstraints<T>(
  restoring: Restoring,
  { dump }: Definitions,
  further: (done: ReadonlySet<string>) => Promise<T>,
): Promise<T> {
  const { session, restoreId, phase } = restoring;
  return await phase("constraints", "Making indexes, constraints, triggers, policies and rights", async () => {
    const done = await readJournal(session, restoreId);
    await restorePostData(restoring, dump, done);
    return await further(done);
  });
}

/**
 * Makes the remaining owners, the app's objects on tables of the platform, and all rights. Then it fills the materialized views, each as its
 * owner, and settles the roles. Returns in sentences what differs and is no fault.
 *
 * @param rest.settle SQL that settles the roles (restoreRoles.ts)
 */
export async function restoreOwnersAndRights(
  restoring: Restoring,
  { dump, managedObjects }: Definitions,
  rest: { done: ReadonlySet<string>; settle: string; withRows: boolean },
): Promise<string[]> {
  const { session, manifest, restoreId } = restoring;
  const { done, settle, withRows } = rest;
  if (!done.has(MANAGED_OBJECTS))
    await journaledScript(session, restoreId, [{ step: MANAGED_OBJECTS, sql: managedObjects }]);
  // After the owners, who grant the rights.
  if (!done.has(RIGHTS)) await restoreRights(restoring, dump, { step: RIGHTS, withLargeObjects: withRows });
  const archived = await archivedPlatformRights(restoring, dump);
  // Not journaled: it compares the rights that are there with the backup's.
  const notes = await inTransaction(session, () => bringPlatformRights(session, manifest, archived));
  if (withRows) notes.push(...(await fillViews(session, manifest, journaledViews(restoring, done))));
  if (settle !== "") await session.query(settle);
  return notes;
}
