import { parseHeldBack, type Publication } from "../../postgres/catalog/heldBack.ts";
import type { VaultSecret } from "../../postgres/catalog/vaultSecrets.ts";
import { fetchText } from "../../vault/fetchPart.ts";
import { archivedPlatformRights, rightsScript } from "../rights/restoreRights.ts";
import { compareEverything } from "../steps/compareRestored.ts";
import { downloadDefinitions, hasPart, readVaultSecrets, withDumps } from "../steps/fetchParts.ts";
import { restoreConstraints } from "../steps/restoreConstraints.ts";
import { restoreData } from "../steps/restoreData.ts";
import { restoreSchema } from "../steps/restoreSchema.ts";
import { fillViews } from "../steps/restoreState.ts";
import type { Restored, Restoring } from "../steps/restoring.ts";

/** What the last transaction of a restore in place makes, since it opens the database or belongs to tables that stay. */
export interface RestoredInPlace extends Restored {
  /** SQL of roles, owners and rights, in its order. */
  heldBack: string;
  /** SQL of the archive's rights on the platform's objects, if the manifest does not hold them. */
  platformRights: readonly string[];
  publications: readonly Publication[];
  /** In clear. */
  vaultSecrets: readonly VaultSecret[];
}

/**
 * Restores all of a backup in the place of a state that lies aside. Roles that exist stay as they are; definitions and rights are
 * compared later, within the last transaction.
 *
 * @param inPlaceOf roles that the restoring one was granted before
 */
export async function inPlace(
  restoring: Restoring,
  inPlaceOf: { granted: readonly string[] },
): Promise<RestoredInPlace> {
  return await withDumps(restoring, async (fetch) => {
    const definitions = await downloadDefinitions(restoring, fetch);
    const { dump, managedObjects } = definitions;
    const { notes, made } = await restoreSchema(restoring, definitions, inPlaceOf);
    await restoreData(restoring, { dump: () => Promise.resolve(dump) });
    await restoreConstraints(restoring, definitions, (done) => fillViews(restoring, done));
    const archived = { ...restoring, dump };
    const heldBack = [made.heldBack, managedObjects, await rightsScript(archived), made.settle].join("\n");
    const platformRights = await archivedPlatformRights(archived);
    const publications = hasPart(restoring, "held-back.json")
      ? parseHeldBack(await fetchText(restoring, "held-back.json", restoring.signal)).publications
      : [];
    const vaultSecrets = await readVaultSecrets(restoring);
    const counts = await compareEverything(restoring, { ofObjects: false });
    return { ...counts, notes, heldBack, platformRights, publications, vaultSecrets };
  });
}
