import type { BackupOptions } from "../../../recovery/backup/backup.ts";
import { abandon, replace } from "../../../recovery/restore/inPlace/replace.ts";
import type { ReplaceOptions } from "../../../recovery/restore/inPlace/replaceSteps.ts";
import { silent } from "../../../services/common/reporter.ts";
import { brisk } from "../../support/timing.ts";
import { startTestSource } from "./source.ts";

/** Starts a live database with a vault of its own, and what replaces it. Call stop() in afterAll. */
export async function startLive() {
  const { database, backUp, stop, ...site } = await startTestSource();
  const { url } = database;
  const save = async (more: Partial<BackupOptions> = {}) => await backUp(url, { acceptsSmaller: true, ...more });
  return {
    ...site,
    ...database,
    stop,
    /** Backs it up, even if it has become smaller. */
    save,
    /** A safety backup. Returns its id. */
    saveFirst: async () => (await save({ isSafety: true })).backupId,
    /** Replaces it by the newest backup, without a safety backup unless the test gives one. */
    replace: (more: Partial<ReplaceOptions> = {}) => replace(site.replacing(url, { timing: brisk, ...more })),
    goBack: () => abandon({ targetUrl: url, reporter: silent, timing: brisk }),
    /** What a replacement has left aside. */
    aside: () => database.query("select nspname from pg_namespace where nspname like 'castchat!_aside%' escape '!'"),
  };
}
