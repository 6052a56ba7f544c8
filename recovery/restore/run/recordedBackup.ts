import { UserError } from "../../../services/common/errors.ts";
import { type BackupChoice, type Choice, chooseBackup, passedOverBefore } from "../../vault/chooseBackup.ts";
import type { BackupSummary } from "../../vault/listBackups.ts";

/** Which backup an interrupted run has recorded in its target, and when it began. */
export interface RecordedBackup {
  backupId: string;
  startedAt: Date;
}

/** A backup or a time that a command or a setting asks for. */
export type Wish = Pick<BackupChoice, "backupId" | "at">;

/**
 * Picks the backup to restore. A recorded backup wins over the wish, also if a newer one has come since; the newer backups that the
 * interrupted run passed over are reported again.
 */
export function pickBackup(
  backups: readonly BackupSummary[],
  wish: BackupChoice,
  recorded: RecordedBackup | undefined,
): Choice {
  if (recorded === undefined) return chooseBackup(backups, wish);
  const { chosen } = chooseBackup(backups, { backupId: recorded.backupId });
  return { chosen, passedOver: passedOverBefore(backups, chosen, { ...wish, startedAt: recorded.startedAt }) };
}

/** What is asked for, in words, if it is another backup than the recorded one; else undefined. */
export function otherWish(
  recorded: { backupId: string; snapshotAt?: string | undefined },
  { backupId, at }: Wish,
): string | undefined {
  const { snapshotAt } = recorded;
  if (at !== undefined && snapshotAt !== undefined && new Date(snapshotAt) > at)
    return `one of ${at.toISOString()} or before`;
  return backupId === undefined || backupId === recorded.backupId ? undefined : backupId;
}

/** UserError, with the caller's sentence, if another backup is asked for than the recorded one. */
export function refuseOther(
  recorded: { backupId: string; snapshotAt?: string | undefined },
  wish: Wish,
  refusal: (wanted: string) => string,
): void {
  const wanted = otherWish(recorded, wish);
  if (wanted !== undefined) throw new UserError(refusal(wanted));
}
