import type { BackupOptions } from "../../../recovery/backup/backup.ts";
import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { release } from "../../../recovery/restore/release/release.ts";
import { readRestoreMarker } from "../../../recovery/restore/run/restoreMarker.ts";
import type { RestoreOptions } from "../../../recovery/restore/run/restoreOptions.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { startTargetServer } from "../../support/targetServer.ts";
import { contentOf, definitionOf } from "./sample.ts";
import { both, prepared, startTestSource } from "./source.ts";

/** A database to back up, a vault, and an empty server to restore into. */
export type Restoring = Awaited<ReturnType<typeof startRestoring>>;

/** Starts them within some seconds. Call stop() in afterAll, and target.renew() after each test that restores. */
export async function startRestoring() {
  const [source, target, stop] = await both(startTestSource(), startTargetServer());
  const { common } = source;
  const options = (more: Partial<RestoreOptions> = {}) => ({
    ...common,
    targetUrl: target.url,
    generation: 1,
    ...more,
  });
  return {
    ...source,
    target,
    stop,
    /** Backs up the database, into the vault unless another one is given. */
    backUp: (more?: Partial<BackupOptions>) => source.backUp(source.database.url, more),
    /** Options that restore the vault's newest backup into the target. */
    options,
    restore: (more?: Partial<RestoreOptions>) => restore(options(more)),
    /** What restores have left in the target. */
    marker: () => readRestoreMarker(target.url),
    /** The same for a process of its own, restoreChild.ts. */
    order: (backupId?: string) => source.order(target.url, { backupId }),
    /** Releases what the restore held back, and returns the target's definition. */
    async releasedDefinition() {
      await release({ ...common, databaseUrl: target.url });
      return definitionOf(target.superuserUrl);
    },
  };
}

/** The same with a database that was filled and backed up, and what it held then. */
export function startRestoringSaved(fill: (database: TestDatabase) => Promise<unknown>) {
  return prepared(startRestoring(), async ({ database, backUp }) => {
    await fill(database);
    const saved = await backUp();
    return { saved, content: await contentOf(database.url), definition: definitionOf(database.superuserUrl) };
  });
}
