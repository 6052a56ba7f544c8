import { amount } from "../../../services/common/amount.ts";
import { emptyExtensionTables } from "../../postgres/catalog/extensionRows.ts";
import { rowsOf } from "../../vault/manifest.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { journaled, readJournal } from "../run/journal.ts";
import { emptyManagedTables, removeLargeObjects } from "../run/restoreTarget.ts";
import type { Restoring } from "../run/restoring.ts";
import { restoreLargeObjects } from "./restoreLargeObjects.ts";
import { bringLostRows, restoreRows } from "./restoreRows.ts";
import { restoreSequences } from "./restoreState.ts";

/** Steps beside the chunks. */
const EMPTIED = "tables of others emptied";
const LARGE_OBJECTS = "large objects";

/** Which rows the target has before, and how the backup's rows come in. */
export interface DataOptions {
  /** Gets the archive that holds the large objects. Undefined if the backup has none. */
  dump: (() => PrivateFile | Promise<PrivateFile>) | undefined;
  /** Tables of the platform whose rows are deleted first. @default - all */
  emptied?: readonly { schema: string; name: string }[];
  /** The tables have their triggers and foreign keys already, which then do not act on the rows. */
  asReplica?: boolean;
}

/** The phase "data": rows, large objects and sequences, each step in one transaction with its line in the journal. */
export async function restoreData(restoring: Restoring, { dump, emptied, asReplica }: DataOptions): Promise<void> {
  const { session, manifest, restoreId } = restoring;
  const rows = rowsOf(manifest);
  await restoring.phase(
    "data",
    `Restoring ${amount(rows, "row")} of ${amount(manifest.tables.length, "table")}`,
    async () => {
      const done = await readJournal(session, restoreId);
      if (!done.has(EMPTIED)) {
        await journaled(session, restoreId, EMPTIED, async () => {
          await emptyManagedTables(session, emptied);
          await emptyExtensionTables(session, manifest.tables);
        });
      }
      if (!done.has(LARGE_OBJECTS) && dump !== undefined) {
        // Some versions of pg_dump write large objects with the definitions, so that some may exist.
        await removeLargeObjects(session);
        // An early version recorded no count.
        if (manifest.largeObjects?.count !== 0) await restoreLargeObjects(restoring, await dump());
        await journaled(session, restoreId, LARGE_OBJECTS, () => Promise.resolve());
      }
      await restoreRows({ ...restoring, done, asReplica });
      // A crash of the server can only have lost rows of an earlier run.
      if (done.size > 0) await bringLostRows(restoring);
      await restoreSequences(session, manifest);
    },
  );
}
