import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { KINDS } from "./backupKinds.ts";
import { type BackupSummary, NEVER_FINISHED, takenAt } from "./listBackups.ts";
import { isRegular, type Manifest } from "./manifest.ts";

/**
 * Which backup is wanted: one by its id, of any kind, or the newest proven full one at or before an instant (default: of all). What was
 * saved before a replacement is taken by its id alone.
 */
export interface BackupChoice {
  backupId?: string | undefined;
  at?: Date | undefined;
  /** This instant, where it isn't the machine's: what is dated after it is taken by its id alone. */
  now?: Date | undefined;
  /** Which may be taken without a name. @default - {@link isRegular} */
  accepts?: (manifest: Manifest) => boolean;
}

/** How far the clocks of two machines may be apart. */
const CLOCKS_APART_MS = 15 * 60_000;

/** A backup that may be restored: proven, with its manifest. */
export type ChosenBackup = BackupSummary & { manifest: Manifest };

/** What was picked, and what was not although it is newer. */
export interface Choice {
  chosen: ChosenBackup;
  /** The newer backups that were passed over, in sentences, newest first. What they hold and the chosen one lacks would be lost. */
  passedOver: string[];
}

/**
 * Picks the backup to restore, and says which newer ones it passed over. UserError, with what to do, when there is none: an unknown id,
 * one that isn't proven, none at or before the instant, or no proven backup at all. One that is dated in the future, by a runner whose
 * clock ran ahead, would be the newest for as long as that lasts, so it must be named.
 *
 * A newer backup that is finished, whole and read back, but signed by a key that is not trusted, is a UserError as well unless a backup
 * or a time is asked for: its writer may be a site of this very project, and its rows would be lost in silence. Naming a backup is
 * the way out, also where an attacker has put such a backup there.
 */
export function chooseBackup(backups: readonly BackupSummary[], choice: BackupChoice): Choice {
  const { backupId, at } = choice;
  if (backupId !== undefined && at !== undefined)
    throw new UserError("Set either a backup or a time (at) to restore, not both.");
  // What is named is wanted for what it is: nothing is passed over.
  if (backupId !== undefined) return { chosen: named(backups, backupId), passedOver: [] };
  const chosen = newestOf(backups, choice);
  const newer = newerThan(backups, chosen, choice);
  const untrusted = newer.find((one) => one.untrusted !== undefined && takenAt(one) <= latestOf(choice));
  if (at === undefined && untrusted !== undefined) throw new UserError(refusalOf(untrusted, chosen));
  return { chosen, passedOver: newer.map((one) => sentenceOf(one, choice)) };
}

/**
 * The newer backups that the choice of a restore has passed over which began at `startedAt` and goes on now: none where its backup
 * was named. Backups that have come since are none of them.
 */
export function passedOverBefore(
  backups: readonly BackupSummary[],
  chosen: ChosenBackup,
  { backupId, at, startedAt }: { backupId?: string | undefined; at?: Date | undefined; startedAt: Date },
): string[] {
  if (backupId !== undefined) return [];
  const choice = { at: at !== undefined && at < startedAt ? at : startedAt, now: startedAt };
  return newerThan(backups, chosen, choice).map((one) => sentenceOf(one, choice));
}

/** By its id. */
function named(backups: readonly BackupSummary[], backupId: string): ChosenBackup {
  const found = backups.find((backup) => backup.backupId === backupId);
  if (found === undefined) {
    const [newest] = provenIn(backups, {});
    throw new UserError(
      `There is no backup "${backupId}" in this vault: ${newest === undefined ? "it holds no proven one" : `the newest proven one is ${newest.backupId}`}.`,
    );
  }
  if (!isProven(found))
    throw new UserError(`Backup ${backupId} cannot be trusted: ${found.problems.join("; ")}. Choose another.`);
  return found;
}

/** The newest that is proven, regular and not dated in the future; with a time, at or before it. */
function newestOf(backups: readonly BackupSummary[], choice: BackupChoice): ChosenBackup {
  const { at } = choice;
  const proven = provenIn(backups, choice);
  const past = proven.filter((backup) => takenAt(backup) <= latestOf(choice));
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
 * What is newer than the chosen one, up to the wanted instant, and was not taken: damaged, suspicious, not read back, signed by another
 * key, saved before a replacement, dated in the future. Runs that ended before their manifest have nothing to restore, and other
 * kinds are never taken without a name.
 */
function newerThan(backups: readonly BackupSummary[], chosen: ChosenBackup, { at }: BackupChoice): BackupSummary[] {
  const until = at?.getTime() ?? Infinity;
  return backups
    .filter((one) => !one.problems.includes(NEVER_FINISHED) && KINDS[one.manifest?.kind ?? "full"].isWhole)
    .filter((one) => takenAt(one) > takenAt(chosen) && takenAt(one) <= until)
    .sort((a, b) => takenAt(b) - takenAt(a));
}

function sentenceOf(one: BackupSummary, choice: BackupChoice): string {
  const isAhead = takenAt(one) > latestOf(choice);
  const why = isAhead ? ["it is dated in the future", ...one.problems].join("; ") : whyNot(one);
  const way = isProven(one) ? ` To take it, name it: ${one.backupId}.` : "";
  return `Backup ${one.backupId} of ${new Date(takenAt(one)).toISOString()} is newer and was passed over: ${why}.${way}`;
}

function refusalOf(newer: BackupSummary, chosen: ChosenBackup): string {
  const key = newer.untrusted?.signedBy ?? "";
  return [
    `Backup ${newer.backupId} of ${new Date(takenAt(newer)).toISOString()} is newer than ${chosen.backupId}, the newest of a trusted writer; it is finished and read back, but signed by key ${key}, which is not trusted here.`,
    `Without it all that came after ${chosen.manifest.snapshotAt} is lost.`,
    `If the key is a site's of yours, trust it: \`pulumi config set -s STACK --path 'trustedWriterKeys[N]' -- "$(pulumi stack output signingPublicKey -s OTHER)"\`, N the next free index.`,
    `If not, a stranger writes to this vault: restore the older backup deliberately, by \`pulumi config set backup ${chosen.backupId} -s STACK\` for \`pulumi up\`, or by \`--backup ${chosen.backupId}\` for a command.`,
  ].join(" ");
}

/** The last instant of a backup that is not dated in the future. */
function latestOf({ now = systemClock() }: BackupChoice): number {
  return now.getTime() + CLOCKS_APART_MS;
}

/** Those that may be taken without a name, newest first. */
function provenIn(backups: readonly BackupSummary[], { accepts = isRegular }: BackupChoice): ChosenBackup[] {
  return backups
    .filter(isProven)
    .filter(({ manifest }) => accepts(manifest))
    .sort((a, b) => takenAt(b) - takenAt(a));
}

function whyNot({ manifest, problems }: BackupSummary): string {
  if (problems.length > 0) return problems.join("; ");
  return manifest?.purpose === "safety" ? "saved before a replacement" : `of kind ${manifest?.kind ?? "unknown"}`;
}

function isProven(backup: BackupSummary): backup is ChosenBackup {
  return backup.proven && backup.manifest !== undefined;
}
