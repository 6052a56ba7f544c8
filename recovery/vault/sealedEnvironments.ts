import { leastKeptDays, TIERS } from "../../planning/tiers.ts";
import type { ListedObject } from "../../services/vault/vault.ts";
import { type ChosenBackup, newestProven } from "./chooseBackup.ts";
import type { BackupSummary } from "./listBackups.ts";
import { type Manifest, partObject } from "./manifest.ts";

/** Milliseconds for which an app's variables are kept once others have replaced them: as long as the shortest tier keeps a backup. */
const KEPT_MS = Math.min(...TIERS.map(leastKeptDays)) * 86_400_000;

/** Whether an object is an app's sealed variables. Their backups are found by it before any manifest is read. */
export function isEnvironmentObject({ key }: Pick<ListedObject, "key">): boolean {
  return key.endsWith(`/${partObject("environment.json")}`);
}

/** The newest proven backup of an app's variables that is not dated in the future; undefined if there is none. */
export function newestEnvironment(
  backups: readonly BackupSummary[],
  app: string | undefined,
  now: Date,
): ChosenBackup | undefined {
  return newestProven(backups, { now, accepts: ({ kind, app: its }) => kind === "environment" && its === app });
}

/**
 * The backups of variables that must not be lost, among these, which are sorted newest first: of each app the newest, and those that another
 * one has replaced a short time ago. An import may be of the wrong file, and the app host gives nothing back.
 */
export function environmentsToHold<B extends { manifest: Manifest }>(backups: readonly B[], now: number): Set<B> {
  const byApp = Map.groupBy(
    backups.filter(({ manifest }) => manifest.kind === "environment"),
    ({ manifest }) => manifest.app,
  );
  const held = [...byApp.values()].flatMap((ofApp) =>
    ofApp.filter((_, index) => {
      const successor = ofApp[index - 1];
      return successor === undefined || now - Date.parse(successor.manifest.snapshotAt) < KEPT_MS;
    }),
  );
  return new Set(held);
}
