import { readJournal } from "../run/journal.ts";
import type { Restored, Restoring } from "../run/restoring.ts";
import { hasPart, withDumps } from "../steps/fetchParts.ts";
import { compareRestored } from "../steps/restoreChecks.ts";
import { restoreData } from "../steps/restoreData.ts";
import { fillViews, journaledViews } from "../steps/restoreState.ts";

/** Archives that may hold the large objects. A backup without definitions has one of their own. */
const DUMPS = ["large-objects.dump", "schema.dump"] as const;

/** Restores rows, large objects and sequences into empty tables with the backup's definitions. */
export async function rowsOnly(restoring: Restoring): Promise<Restored> {
  return await withDumps(restoring, async (fetch) => {
    const { session, manifest, restoreId, phase } = restoring;
    const name = DUMPS.find((wanted) => hasPart(restoring, wanted));
    await restoreData(restoring, {
      dump: name && (() => fetch(name)),
      emptied: manifest.tables.filter(({ kind }) => kind === "managed"),
      asReplica: true,
    });
    const notes = await phase("constraints", "Filling materialized views", async () =>
      fillViews(session, manifest, journaledViews(restoring, await readJournal(session, restoreId))),
    );
    return { ...(await compareRestored(restoring, { orphansOf: "all" })), notes };
  });
}
