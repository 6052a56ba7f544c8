import type { ChosenBackup } from "./chooseBackup.ts";
import { type BackupSummary, takenAt } from "./listBackups.ts";
import { isRegular } from "./manifest.ts";

/** The proven full backups among those of a vault, the newest first; without what was saved before a replacement. */
export function provenFull(backups: readonly BackupSummary[]): ChosenBackup[] {
  return backups
    .filter((one): one is ChosenBackup => one.proven && one.manifest !== undefined && isRegular(one.manifest))
    .sort((a, b) => takenAt(b) - takenAt(a));
}

/**
 * The proven full backups that are older than one, the newest first: what that one lacks beside its database may come from them. None for a
 * backup of another kind, or of what was saved before a replacement: such a one is restored as it is.
 */
export function olderThan(backups: readonly BackupSummary[], chosen: ChosenBackup): ChosenBackup[] {
  if (!isRegular(chosen.manifest)) return [];
  return provenFull(backups).filter((one) => takenAt(one) < takenAt(chosen));
}
