import { tierForRun } from "../../planning/calendar.ts";
import type { ListedObject } from "../../services/vault/vault.ts";
import { type Manifest, partObject } from "./manifest.ts";

/** Whether an object belongs to a repository's backup. Such backups are found by it before any manifest is read. */
export function isRepositoryObject({ key }: Pick<ListedObject, "key">): boolean {
  return key.endsWith(`/${partObject("repository.json")}`);
}

/** A backup, and the one whose bundle it needs, which comes first. Undefined if that one is not among `backups`. */
export function chainOf<B extends { manifest: Manifest }>(backup: B, backups: readonly B[]): B[] | undefined {
  const base = backup.manifest.repository?.base;
  if (base === undefined) return [backup];
  const found = backups.find(({ manifest }) => manifest.backupId === base && manifest.repository?.base === undefined);
  return found && [found, backup];
}

/** A calendar in which a week is filled by one complete backup. */
const WEEKS = [
  { name: "increment", period: "run" },
  { name: "complete", period: "isoWeek" },
] as const;

/** The newest complete backup among those of a repository, newest first, if it is of the present ISO week: the next one builds on it. */
export function baseInWeek<B extends { manifest: Manifest }>(backups: readonly B[], now: Date): B | undefined {
  const complete = backups.filter(({ manifest }) => manifest.repository?.base === undefined);
  const filled = complete.map(({ manifest }) => ({ tier: "complete", takenAt: new Date(manifest.snapshotAt) }));
  return tierForRun(now, WEEKS, filled).name === "complete" ? undefined : complete[0];
}

/** The backups of repositories that must not be lost, among these, newest first: of each repository the newest chain that is whole. */
export function repositoriesToHold<B extends { manifest: Manifest }>(backups: readonly B[]): Set<B> {
  const ofRepositories = backups.filter(({ manifest }) => manifest.repository !== undefined);
  const byName = Map.groupBy(ofRepositories, ({ manifest }) => manifest.repository?.fullName);
  return new Set(
    [...byName.values()].flatMap(
      (all) => all.map((one) => chainOf(one, all)).find((chain) => chain !== undefined) ?? [],
    ),
  );
}
