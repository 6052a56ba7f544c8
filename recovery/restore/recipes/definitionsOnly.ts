import { noteOfHeldBack } from "../../postgres/catalog/heldBack.ts";
import { removeLargeObjects } from "../run/restoreTarget.ts";
import { compareDefinitions } from "../steps/compareRestored.ts";
import { downloadDefinitions, withDumps } from "../steps/fetchParts.ts";
import { restoreConstraints, restoreOwnersAndRights } from "../steps/restoreConstraints.ts";
import { restoreSchema } from "../steps/restoreSchema.ts";
import type { Restored, Restoring } from "../steps/restoring.ts";

/** Restores definitions, rights, roles and extensions into an empty database, without a row. */
export async function definitionsOnly(restoring: Restoring): Promise<Restored> {
  return await withDumps(restoring, async (fetch) => {
    const { session, manifest } = restoring;
    const definitions = await downloadDefinitions(restoring, fetch);
    const { notes, made } = await restoreSchema(restoring, definitions);
    // Some versions of pg_dump count them among the definitions.
    await removeLargeObjects(session);
    const differing = await restoreConstraints(restoring, definitions, (done) =>
      restoreOwnersAndRights(restoring, definitions, { done, settle: made.settle, withLargeObjects: false }),
    );
    const counts = await compareDefinitions(restoring);
    return { ...counts, notes: [...notes, ...noteOfHeldBack(manifest), ...differing] };
  });
}
