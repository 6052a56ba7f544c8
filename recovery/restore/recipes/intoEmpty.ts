import { noteOfHeldBack } from "../../postgres/catalog/heldBack.ts";
import { restoreVaultSecrets } from "../../postgres/catalog/vaultSecrets.ts";
import type { Restored, Restoring } from "../run/restoring.ts";
import { downloadDefinitions, fetchVaultSecrets, withDumps } from "../steps/fetchParts.ts";
import { compareRestored } from "../steps/restoreChecks.ts";
import { restoreConstraints, restoreOwnersAndRights } from "../steps/restoreConstraints.ts";
import { restoreData } from "../steps/restoreData.ts";
import { restoreSchema } from "../steps/restoreSchema.ts";

/** Restores a whole backup into an empty database. Scheduled jobs and publications are held back until they are released. */
export async function intoEmpty(restoring: Restoring): Promise<Restored> {
  return await withDumps(restoring, async (fetch) => {
    const { session, manifest } = restoring;
    const definitions = await downloadDefinitions(restoring, fetch);
    const { notes, made } = await restoreSchema(restoring, definitions);
    await restoreData(restoring, { dump: () => definitions.dump });
    const differing = await restoreConstraints(restoring, definitions, async (done) => {
      const rest = { done, settle: made.settle, withRows: true };
      const ofRights = await restoreOwnersAndRights(restoring, definitions, rest);
      return [...ofRights, ...(await restoreVaultSecrets(session, await fetchVaultSecrets(restoring)))];
    });
    const counts = await compareRestored(restoring);
    return { ...counts, notes: [...notes, ...noteOfHeldBack(manifest), ...differing] };
  });
}
