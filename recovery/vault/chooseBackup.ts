import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { KINDS } from "./backupKinds.ts";
import { type BackupSummary, NEVER_FINISHED, takenAt } from "./listBackups.ts";
import { isRegular, type Manifest } from "./manifest.ts";

/**
 * Which backup is wanted: one by its id, of any kind, or the newest proven full one, at or before an instant if there is one. A backup that
 * was saved before a replacement is only taken by its id.
 */
export interface BackupChoice {
  backupId?: string | undefined;
  at?: Date | undefined;
  /** The current time. A backup that is dated after it is only taken by its id. @default - the machine's clock */
  now?: Date | undefined;
  /** Which backups may be taken without an id. @default - {@link isRegular} */
  accepts?: (manifest: Manifest) => boolean;
}

/** How far the clocks of two machines may differ. */
const CLOCKS_APART_MS = 15 * 60_000;

/** A backup that may be restored: proven, with its manifest. */
export type ChosenBackup = BackupSummary & { manifest: Manifest };

/** The backup that was chosen, and the newer ones that were not. */
export interface Choice {
  chosen: ChosenBackup;
  /** The newer backups that were passed over, in sentences, newest first. Their rows that the chosen backup lacks would be lost. */
  passedOver: string[];
}

/**
 * Chooses the backup to restore, and lists the newer ones that it passed over. A backup that a fast clock has dated in the future would be
 * the newest until then, so it is only taken by its id.
 *
 * It refuses if a newer backup is complete and read back, but signed by a key that is not trusted, unless a backup or a time is asked for.
 * Its writer may be another site of this project, whose rows would silently be lost. If an attacker wrote it, naming another backup
 * overrides the refusal.
 *
 * @throws UserError, with what to do, if there is no such backup: an unknown id, an unproven one, none at or before the instant, no proven
 * backup at all
 */
export function chooseBackup(backups: readonly BackupSummary[], choice: BackupChoice): Choice {
  const { backupId, at } = choice;
  if (backupId !== undefined && at !== undefined)
    throw new UserError("Set either a backup or a time (at) to restore, not both.");
  // A backup that is named is wanted as it is, so no newer one counts as passed over.
  if (backupId !== undefined) return { chosen: named(backups, backupId), passedOver: [] };
  const chosen = newestOf(backups, choice);
  const newer = newerThan(backups, chosen, choice);
  const untrusted = newer.find((one) => one.untrusted !== undefined && !isAhead(one, choice));
  if (at === undefined && untrusted !== undefined) throw new UserError(refusalOf(untrusted, chosen));
  return { chosen, passedOver: newer.map((one) => sentenceOf(one, choice)) };
}

/**
 * The newer backups that a restore which started at `startedAt` and is still running has passed over. Empty if its backup was named.
 * Backups that were taken since then are not included.
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
    const [newest] = provenFull(backups);
    throw new UserError(
      `There is no backup "${backupId}" in this vault. ${newest === undefined ? "It holds no proven backup" : `The newest proven one is ${newest.backupId}`}.`,
    );
  }
  if (!isProven(found))
    throw new UserError(
      `Backup ${backupId} cannot be trusted: ${found.problems.join("; ")}. Choose another one from \`castchat-recovery list\`.`,
    );
  return found;
}

/** The newest backup that is proven, regular and not dated in the future. With a time, the newest at or before it. */
function newestOf(backups: readonly BackupSummary[], choice: BackupChoice): ChosenBackup {
  const { at } = choice;
  const proven = provenFull(backups, choice.accepts);
  const past = proven.filter((backup) => !isAhead(backup, choice));
  const newest = newestProven(backups, choice);
  const oldest = past.at(-1);
  if (newest === undefined || oldest === undefined) {
    const [ahead] = proven;
    if (ahead !== undefined) {
      throw new UserError(
        `The only proven backups of this vault are dated in the future (${ahead.backupId}). Correct this machine's clock, or name one of them by its id.`,
      );
    }
    const [first] = backups;
    const seen =
      first === undefined
        ? ""
        : ` (it holds ${backups.length} others; the newest is ${first.backupId}: ${whyNot(first)})`;
    throw new UserError(
      `This vault has no proven full backup${seen}. Run \`castchat-recovery backup\` first, or name another vault.`,
    );
  }
  if (at === undefined) return newest;
  const before = past.find((backup) => takenAt(backup) <= at.getTime());
  if (before === undefined) {
    throw new UserError(
      `There is no proven backup at or before ${at.toISOString()}. The oldest is of ${oldest.manifest.snapshotAt} (${oldest.backupId}).`,
    );
  }
  return before;
}

/** The newest backup that may be taken without an id and is not dated in the future; undefined if there is none. */
export function newestProven(
  backups: readonly BackupSummary[],
  choice: Pick<BackupChoice, "now" | "accepts"> = {},
): ChosenBackup | undefined {
  return provenFull(backups, choice.accepts).find((backup) => !isAhead(backup, choice));
}

/**
 * Backups newer than the chosen one, up to the wanted instant, that were not taken: damaged, suspicious, not read back, signed by another
 * key, saved before a replacement, dated in the future. A run without a manifest has nothing to restore, and other kinds are never taken
 * without an id.
 */
function newerThan(backups: readonly BackupSummary[], chosen: ChosenBackup, { at }: BackupChoice): BackupSummary[] {
  const until = at?.getTime() ?? Infinity;
  return backups
    .filter((one) => !one.problems.includes(NEVER_FINISHED) && KINDS[one.manifest?.kind ?? "full"].isWhole)
    .filter((one) => takenAt(one) > takenAt(chosen) && takenAt(one) <= until)
    .sort((a, b) => takenAt(b) - takenAt(a));
}

function sentenceOf(one: BackupSummary, choice: BackupChoice): string {
  const why = isAhead(one, choice) ? ["its time lies in the future", ...one.problems].join("; ") : whyNot(one);
  const way = isProven(one) ? ` To take it, name it: ${one.backupId}.` : "";
  return `Backup ${one.backupId} of ${new Date(takenAt(one)).toISOString()} is newer and was passed over: ${why}.${way}`;
}

function refusalOf(newer: BackupSummary, chosen: ChosenBackup): string {
  const key = newer.untrusted?.signedBy ?? "";
  return [
    `Backup ${newer.backupId} of ${new Date(takenAt(newer)).toISOString()} is newer than ${chosen.backupId}, the newest of a trusted writer. It is complete and read back, but signed by key ${key}, which is not trusted here.`,
    `Without it, all rows written after ${chosen.manifest.snapshotAt} are lost.`,
    `If the key belongs to one of your sites, trust it: \`pulumi config set -s STACK --path 'trustedWriterKeys[N]' -- "$(pulumi stack output signingPublicKey -s OTHER)"\` (N is the next free index).`,
    `If not, a stranger can write to this vault. Restore the older backup deliberately: \`pulumi config set backup ${chosen.backupId} -s STACK\` for \`pulumi up\`, or \`--backup ${chosen.backupId}\` for a command.`,
  ].join(" ");
}

/** Whether a backup is dated in the future, or was when the vault received it. */
export function isAhead(one: BackupSummary, { now = systemClock() }: Pick<BackupChoice, "now">): boolean {
  return one.datedAhead === true || takenAt(one) > now.getTime() + CLOCKS_APART_MS;
}

/** The proven backups that may be taken without an id, newest first. */
export function provenFull(
  backups: readonly BackupSummary[],
  accepts: (manifest: Manifest) => boolean = isRegular,
): ChosenBackup[] {
  return backups
    .filter(isProven)
    .filter(({ manifest }) => accepts(manifest))
    .sort((a, b) => takenAt(b) - takenAt(a));
}

/**
 * The proven full backups that are older than the chosen one, newest first. What the chosen one lacks outside its database may come from
 * them. Empty for a backup of another kind or one that was saved before a replacement: these are restored as they are.
 */
export function olderThan(backups: readonly BackupSummary[], chosen: ChosenBackup): ChosenBackup[] {
  return isRegular(chosen.manifest) ? provenFull(backups).filter((one) => takenAt(one) < takenAt(chosen)) : [];
}

function whyNot({ manifest, problems }: BackupSummary): string {
  if (problems.length > 0) return problems.join("; ");
  return manifest?.purpose === "safety" ? "saved before a replacement" : `of kind ${manifest?.kind ?? "unknown"}`;
}

function isProven(backup: BackupSummary): backup is ChosenBackup {
  return backup.proven && backup.manifest !== undefined;
}
