import { UserError } from "../../../services/common/errors.ts";
import { KINDS, type Selection } from "../../vault/backupKinds.ts";
import {
  type BackupChoice,
  type Choice,
  chooseBackup,
  type ChosenBackup,
  passedOverBefore,
} from "../../vault/chooseBackup.ts";
import type { BackupSummary } from "../../vault/listBackups.ts";
import type { Manifest } from "../../vault/manifest.ts";

export type { Selection } from "../../vault/backupKinds.ts";

/** The backup that an interrupted run has recorded in its target, and when that run began. */
export interface RecordedBackup {
  backupId: string;
  startedAt: Date;
}

/** The backup or the time that a command or a setting asks for. */
export type Wish = Pick<BackupChoice, "backupId" | "at">;

/** What is restored, and of which backup. */
export interface Selected {
  chosen: ChosenBackup;
  manifest: Manifest;
  selection: Selection;
  /** Newer backups that cannot be trusted, and what the vault's readers passed over in this one, in sentences. */
  passedOver: string[];
}

/**
 * Picks the backup to restore. A recorded backup takes precedence over the wish, even if a newer one has arrived since. The newer backups
 * that the interrupted run passed over are reported again.
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

/**
 * Picks the backup and what is restored of it. Without a wish it is the newest proven full backup. A named backup gives what its kind
 * holds, and a run that resumes an interrupted one gets the recorded backup. UserError if the wish cannot be fulfilled.
 */
export function selectBackup(
  backups: readonly BackupSummary[],
  choice: BackupChoice,
  wish: Selection | undefined,
  recorded?: RecordedBackup,
): Selected {
  const { chosen, passedOver } = pickBackup(backups, choice, recorded);
  const { manifest } = chosen;
  const walked = (chosen.walkedPast ?? []).map((clause) => `In the vault ${clause}.`);
  const selection = selectionOf(manifest, wish, backups);
  return { chosen, manifest, selection, passedOver: [...passedOver, ...walked] };
}

const WORDS: Readonly<Record<Selection, string>> = {
  everything: "a whole database",
  definitions: "definitions without rows",
  rows: "rows without definitions",
};

function selectionOf({ backupId, kind }: Manifest, wish: Selection | undefined, backups: readonly BackupSummary[]) {
  const [own] = KINDS[kind].serves;
  const selection = wish ?? own;
  if (selection !== undefined && KINDS[kind].serves.includes(selection)) return selection;
  const wanted = wish ?? "everything";
  const proven = backups.flatMap((one) =>
    one.proven && one.manifest !== undefined ? [{ backupId: one.backupId, kind: one.manifest.kind }] : [],
  );
  const other = proven.find((one) => KINDS[one.kind].serves.includes(wanted));
  const counts = new Map<string, number>();
  for (const one of proven) counts.set(one.kind, (counts.get(one.kind) ?? 0) + 1);
  const there = [...counts].map(([name, count]) => `${count} of kind ${name}`).join(", ") || "none";
  const instead =
    other === undefined ? `No backup in this vault does. It has ${there}` : `The newest that does is ${other.backupId}`;
  const holds = own === undefined ? "no database" : `only ${WORDS[own]}`;
  throw new UserError(`Backup ${backupId} is of kind ${kind}. It holds ${holds}, not ${WORDS[wanted]}. ${instead}.`);
}
