import type { BackupOptions } from "../../../recovery/backup/backup.ts";
import { release } from "../../../recovery/restore/release/release.ts";
import type { RestoreOptions } from "../../../recovery/restore/run/restoreOptions.ts";
import { startTargetServer } from "../../support/targetServer.ts";
import { definitionOf } from "./sample.ts";
import { both, startTestSource } from "./source.ts";

/** A database to back up, a vault, and an empty server to restore into. */
export type Restoring = Awaited<ReturnType<typeof startRestoring>>;

/** Starts them within some seconds. Call stop() in afterAll, and target.renew() after each test that restores. */
export async function startRestoring() {
  const [source, target, stop] = await both(startTestSource(), startTargetServer());
  const { vault, trustedKeys, common } = source;
  return {
    ...source,
    target,
    stop,
    /** Backs up the database, into the vault unless another one is given. */
    backUp: (more?: Partial<BackupOptions>) => source.backUp(source.database.url, more),
    /** Options that restore the vault's newest backup into the target. */
    options: (more: Partial<RestoreOptions> = {}) => ({ ...common, targetUrl: target.url, generation: 1, ...more }),
    /** The same for a process of its own, restoreChild.ts. */
    order(backupId?: string): object {
      const { region, endpoint } = source.cloud;
      return { bucket: vault.name, region, endpoint, trustedKeys, targetUrl: target.url, backupId };
    },
    /** Releases what the restore held back, and returns the target's definition. */
    async releasedDefinition() {
      await release({ ...common, databaseUrl: target.url });
      return definitionOf(target.superuserUrl);
    },
  };
}
