import { compareEverything } from "../steps/compareRestored.ts";
import { hasPart, withDumps } from "../steps/fetchParts.ts";
import { restoreData } from "../steps/restoreData.ts";
import { fillViews } from "../steps/restoreState.ts";
import type { Restored, Restoring } from "../steps/restoring.ts";

/** Archives that may hold the large objects; a backup without definitions has one of their own. */
const DUMPS = ["large-objects.dump", "schema.dump"] as const;

/** Restores rows, large objects and sequences into empty tables that are defined as the backup's. */
export async function rowsOnly(restoring: Restoring): Promise<Restored> {
  return await withDumps(restoring, async (fetch) => {
    const { manifest, phase } = restoring;
    const name = DUMPS.find((wanted) => hasPart(restoring, wanted));
    await restoreData(restoring, {
      dump: name && (() => fetch(name)),
      emptied: manifest.tables.filter(({ kind }) => kind === "managed"),
      asReplica: true,
    });
    await phase("constraints", "Filling materialized views", () => fillViews(restoring));
    return { ...(await compareEverything(restoring, { orphansOf: "all" })), notes: [] };
  });
}
