import { systemClock } from "../../clients/clock.ts";
import { UserError } from "../../clients/errors.ts";
import { NEVER_FINISHED, takenAt } from "./listBackups.ts";
import type { BackupSummary } from "./listBackups.ts";
import { isRegular } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

/**
 * Which backup is wanted: one by its id, of any kind, or the newest proven full one at or before an instant (default: of all). What was
 * saved before a replacement is taken by its id alone.
 */
export interface BackupChoice {
  backupId?: string | undefined;
  at?: Date | undefined;
  /** This instant, where it isn't the machine's: what is dated after it is taken by its id alone. */
  now?: Date | undefined;
}

/** How far the clocks of two machines may be apart. */
const CLOCKS_APART_MS = 15 * 60_000;

/** A backup that may be restored: proven, with its manifest. */
export type ChosenBackup = BackupSummary & { manifest: Manifest };

/**
 * Picks the backup to restore. UserError, with what to do, when there is none: an unknown id, one that isn't proven, none
 * at or before the instant, or no proven backup at all. One that is dated in the future, by a runner whose clock ran ahead,
 * would be the newest for as long as that lasts, so it must be named.
 */
export function chooseBackup(backups: readonly BackupSummary[], choice: BackupChoice): ChosenBackup {
  const { backupId, at } = choice;
  if (backupId !== undefined && at !== undefined)
    throw new UserError("Set either a backup or a time (at) to restore, not both.");
  const proven = backups
    .filter(isProven)
    .filter(({ manifest }) => isRegular(manifest))
    .sort((a, b) => takenAt(b) - takenAt(a));
  if (backupId !== undefined) {
    const named = backups.find((backup) => backup.backupId === backupId);
    if (named === undefined) {
      throw new UserError(
        `There is no backup "${backupId}" in this vault: ${proven[0] === undefined ? "it holds no proven one" : `the newest proven one is ${proven[0].backupId}`}.`,
      );
    }
    if (!isProven(named))
      throw new UserError(`Backup ${backupId} cannot be trusted: ${named.problems.join("; ")}. Choose another.`);
    return named;
  }
  const latest = (choice.now ?? systemClock()).getTime() + CLOCKS_APART_MS;
  const past = proven.filter((backup) => takenAt(backup) <= latest);
  const [newest] = past;
  const oldest = past.at(-1);
  if (newest === undefined || oldest === undefined) {
    const [ahead] = proven;
    if (ahead !== undefined) {
      throw new UserError(
        `The only proven backups of this vault are dated in the future (${ahead.backupId}): correct this machine's clock, or name one of them by its id.`,
      );
    }
    const [first] = backups;
    const seen =
      first === undefined
        ? ""
        : ` (it holds ${backups.length} others; the newest is ${first.backupId}: ${whyNot(first)})`;
    throw new UserError(
      `This vault has no proven full backup${seen}: run "castchat-recovery backup" first, or name another vault.`,
    );
  }
  if (at === undefined) return newest;
  const before = past.find((backup) => takenAt(backup) <= at.getTime());
  if (before === undefined) {
    throw new UserError(
      `There is no proven backup at or before ${at.toISOString()}: the oldest is of ${oldest.manifest.snapshotAt} (${oldest.backupId}).`,
    );
  }
  return before;
}

/**
 * The backups that are newer than the chosen one, up to the wanted instant, and can't be trusted: whoever may write to the vault can make it so
 * with any of them, and the rows since would be lost in silence. In sentences, newest first. Nothing of runs that have ended before their manifest.
 */
export function passedOver(
  backups: readonly BackupSummary[],
  chosen: ChosenBackup,
  { backupId, at, now = systemClock() }: BackupChoice,
): string[] {
  if (backupId !== undefined) return [];
  const latest = Math.min(at?.getTime() ?? Infinity, now.getTime() + CLOCKS_APART_MS);
  return backups
    .filter((one) => !one.proven && !one.problems.includes(NEVER_FINISHED) && (one.manifest?.kind ?? "full") === "full")
    .filter((one) => takenAt(one) > takenAt(chosen) && takenAt(one) <= latest)
    .sort((a, b) => takenAt(b) - takenAt(a))
    .map(
      (one) =>
        `Backup ${one.backupId} of ${new Date(takenAt(one)).toISOString()} is newer and was passed over: ${whyNot(one)}.`,
    );
}

function whyNot({ manifest, problems }: BackupSummary): string {
  if (problems.length > 0) return problems.join("; ");
  return manifest?.purpose === "safety" ? "saved before a replacement" : `of kind ${manifest?.kind ?? "unknown"}`;
}

function isProven(backup: BackupSummary): backup is ChosenBackup {
  return backup.proven && backup.manifest !== undefined;
}
