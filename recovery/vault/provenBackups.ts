import type { ChosenBackup } from "./chooseBackup.ts";
import { type BackupSummary, takenAt } from "./listBackups.ts";
import { isRegular } from "./manifest.ts";

/** The proven full backups, newest first, without those that were saved before a replacement. */
export function provenFull(backups: readonly BackupSummary[]): ChosenBackup[] {
  return backups
    .filter((one): one is ChosenBackup => one.proven && one.manifest !== undefined && isRegular(one.manifest))
    .sort((a, b) => takenAt(b) - takenAt(a));
}

/**
 * The proven full backups that are older than the chosen one, newest first. What the chosen one lacks outside its
 * database may come from them. Empty for a backup of another kind or one that was saved before a replacement: these are
 * restored as they are.
 */
export function olderThan(backups: readonly BackupSummary[], chosen: ChosenBackup): ChosenBackup[] {
  if (!isRegular(chosen.manifest)) return [];
  return provenFull(backups).filter((one) => takenAt(one) < takenAt(chosen));
}
