import { emptyExtensionTables } from "../../postgres/catalog/extensionRows.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import { journaled, readJournal } from "../run/journal.ts";
import { emptyManagedTables, removeLargeObjects } from "../run/restoreTarget.ts";
import { restoreLargeObjects } from "./restoreLargeObjects.ts";
import { restoreRows } from "./restoreRows.ts";
import { restoreSequences } from "./restoreState.ts";
import { bringLostRows } from "./restoreUnlogged.ts";
import type { Restoring } from "./restoring.ts";

/** Steps beside the chunks. */
const EMPTIED = "tables of others emptied";
const LARGE_OBJECTS = "large objects";

/** Which rows are in the target before, and how the backup's come in. */
export interface DataOptions {
  /** Fetches the archive that holds the large objects; undefined if the backup has none. */
  dump: (() => Promise<PrivateFile>) | undefined;
  /** Tables of the platform whose rows are deleted first. @default - all */
  emptied?: readonly { schema: string; name: string }[];
  /** Neither triggers nor foreign keys act on the rows, as the tables have theirs already. */
  asReplica?: boolean;
}

/** The phase "data": rows, large objects and sequences, each step in one transaction with its line in the journal. */
export async function restoreData(restoring: Restoring, { dump, emptied, asReplica }: DataOptions): Promise<void> {
  const { session, manifest, restoreId, targetUrl, applicationName, signal } = restoring;
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  await restoring.phase("data", `Restoring ${rows} rows of ${manifest.tables.length} tables`, async () => {
    const done = await readJournal(session, restoreId);
    if (!done.has(EMPTIED)) {
      await journaled(session, restoreId, EMPTIED, async () => {
        await emptyManagedTables(session, emptied);
        await emptyExtensionTables(session, manifest.tables);
      });
    }
    if (!done.has(LARGE_OBJECTS) && dump !== undefined) {
      // Some versions of pg_dump count them among the definitions, so that some may be there.
      await removeLargeObjects(session);
      await restoreLargeObjects({ session, targetUrl, applicationName, signal, dump: await dump() });
      await journaled(session, restoreId, LARGE_OBJECTS, () => Promise.resolve());
    }
    await restoreRows({ ...restoring, done, asReplica });
    // Only rows that an earlier run has brought can have been lost in a crash of the server.
    if (done.size > 0) await bringLostRows(session, restoring);
    await restoreSequences(session, manifest);
  });
}
