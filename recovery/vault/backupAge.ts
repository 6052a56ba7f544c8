import { ageText } from "../../planning/age.ts";
import { newestProven } from "./chooseBackup.ts";
import { type BackupSummary, takenAt } from "./listBackups.ts";

/** The oldest that the newest backup may be. */
interface AgeLimit {
  maxAgeMs: number;
  now: Date;
  /** For the commands in the message. */
  stack: string;
}

/**
 * Why no backup is young enough, with what to do; undefined if the newest proven full one is. Its age is that of its snapshot. A backup
 * that is dated in the future proves nothing about today.
 */
export function ageFault(backups: readonly BackupSummary[], { maxAgeMs, now, stack }: AgeLimit): string | undefined {
  const newest = newestProven(backups, { now });
  const ageMs = newest === undefined ? Infinity : now.getTime() - takenAt(newest);
  if (ageMs <= maxAgeMs) return undefined;
  const fault =
    newest === undefined
      ? `The vault of stack ${stack} has no proven full backup, and one of at most ${ageText(maxAgeMs)} is asked for.`
      : `The newest proven full backup, ${newest.backupId}, is ${ageText(ageMs)} old, more than ${ageText(maxAgeMs)}.`;
  return `${fault} \`castchat-recovery schedule -s ${stack}\` says how the last runs ended; \`castchat-recovery backup -s ${stack}\` takes one now.`;
}
