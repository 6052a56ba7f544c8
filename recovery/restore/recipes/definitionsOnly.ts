import { noteOfHeldBack } from "../../postgres/catalog/heldBack.ts";
import { removeLargeObjects } from "../run/restoreTarget.ts";
import type { Restored, Restoring } from "../run/restoring.ts";
import { downloadDefinitions, withDumps } from "../steps/fetchParts.ts";
import { compareRestored } from "../steps/restoreChecks.ts";
import { restoreConstraints, restoreOwnersAndRights } from "../steps/restoreConstraints.ts";
import { restoreSchema } from "../steps/restoreSchema.ts";

/** Restores definitions, rights, roles and extensions into an empty database, without rows. */
export async function definitionsOnly(restoring: Restoring): Promise<Restored> {
  return await withDumps(restoring, async (fetch) => {
    const { session, manifest } = restoring;
    const definitions = await downloadDefinitions(restoring, fetch);
    const { notes, made } = await restoreSchema(restoring, definitions);
    // Some versions of pg_dump write large objects with the definitions.
    await removeLargeObjects(session);
    const differing = await restoreConstraints(restoring, definitions, (done) =>
      restoreOwnersAndRights(restoring, definitions, { done, settle: made.settle, withRows: false }),
    );
    const counts = await compareRestored(restoring, { ofRows: false });
    return { ...counts, notes: [...notes, ...noteOfHeldBack(manifest), ...differing] };
  });
}
