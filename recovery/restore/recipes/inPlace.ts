import type { Publication } from "../../postgres/catalog/heldBack.ts";
import type { VaultSecret } from "../../postgres/catalog/vaultSecrets.ts";
import { archivedPlatformRights, rightsScript } from "../rights/restoreRights.ts";
import type { Restored, Restoring } from "../run/restoring.ts";
import { downloadDefinitions, fetchHeldBack, fetchVaultSecrets, withDumps } from "../steps/fetchParts.ts";
import { compareRestored } from "../steps/restoreChecks.ts";
import { restoreConstraints } from "../steps/restoreConstraints.ts";
import { restoreData } from "../steps/restoreData.ts";
import { restoreSchema } from "../steps/restoreSchema.ts";

/**
 * What the last transaction of a restore in place makes, because it gives access or belongs to tables that stay. It also fills the
 * materialized views: each is filled by its owner's rights.
 */
export interface RestoredInPlace extends Restored {
  /** SQL of roles, owners and rights, in that order. */
  heldBack: string;
  /** SQL that settles the roles, once nothing more is done as one of them. */
  settle: string;
  /** SQL of the archive's rights on the platform's objects, if the manifest does not record them. */
  platformRights: readonly string[];
  publications: readonly Publication[];
  /** In clear. */
  vaultSecrets: readonly VaultSecret[];
}

/**
 * Restores a whole backup in place of a state that lies aside. Existing roles stay as they are. Definitions and rights are compared later,
 * in the last transaction.
 *
 * @param inPlaceOf roles that were granted to the restoring one before
 */
export async function inPlace(
  restoring: Restoring,
  inPlaceOf: { granted: readonly string[] },
): Promise<RestoredInPlace> {
  return await withDumps(restoring, async (fetch) => {
    const definitions = await downloadDefinitions(restoring, fetch);
    const { dump, managedObjects } = definitions;
    const { notes, made } = await restoreSchema(restoring, definitions, inPlaceOf);
    await restoreData(restoring, { dump: () => dump });
    await restoreConstraints(restoring, definitions, () => Promise.resolve());
    const heldBack = [made.heldBack, managedObjects, await rightsScript(restoring, dump)].join("\n");
    const platformRights = await archivedPlatformRights(restoring, dump);
    const { publications } = await fetchHeldBack(restoring, restoring.signal);
    const vaultSecrets = await fetchVaultSecrets(restoring);
    const counts = await compareRestored(restoring, { ofObjects: false });
    return { ...counts, notes, heldBack, settle: made.settle, platformRights, publications, vaultSecrets };
  });
}
