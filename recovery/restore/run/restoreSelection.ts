import { UserError } from "../../../services/common/errors.ts";
import { KINDS, type Selection } from "../../vault/backupKinds.ts";
import type { BackupChoice, ChosenBackup } from "../../vault/chooseBackup.ts";
import type { BackupSummary } from "../../vault/listBackups.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { pickBackup, type RecordedBackup } from "./recordedBackup.ts";

export type { Selection } from "../../vault/backupKinds.ts";

const WORDS: Readonly<Record<Selection, string>> = {
  everything: "a whole database",
  definitions: "definitions without rows",
  rows: "rows without definitions",
};

/** What is restored, and of which backup. */
export interface Selected {
  chosen: ChosenBackup;
  manifest: Manifest;
  selection: Selection;
  /** Newer backups that can't be trusted, and what the vault's readers passed over in this one, in sentences. */
  passedOver: string[];
}

/**
 * Picks the backup and what is restored of it. Without a name it is the newest proven full one; a named one gives what its
 * kind holds. A run that resumes an interrupted one gets the recorded backup. UserError if a wish can't be served.
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

function selectionOf(manifest: Manifest, wish: Selection | undefined, backups: readonly BackupSummary[]): Selection {
  const [own] = KINDS[manifest.kind].serves;
  const selection = wish ?? own;
  if (selection !== undefined && KINDS[manifest.kind].serves.includes(selection)) return selection;
  const other = backups.find(
    (one) => one.proven && one.manifest !== undefined && KINDS[one.manifest.kind].serves.includes(wish ?? "everything"),
  );
  const instead =
    other === undefined
      ? `no backup in this vault does; it has ${kindsOf(backups)}`
      : `the newest that does is ${other.backupId}`;
  const holds = own === undefined ? "no database" : `${WORDS[own]} alone`;
  throw new UserError(
    `Backup ${manifest.backupId} is of kind ${manifest.kind} and holds ${holds}, not ${WORDS[wish ?? "everything"]}: ${instead}.`,
  );
}

/** "2 of kind full, 1 of kind critical": the proven ones. */
function kindsOf(backups: readonly BackupSummary[]): string {
  const counts = new Map<string, number>();
  for (const { proven, manifest } of backups) {
    if (proven && manifest !== undefined) counts.set(manifest.kind, (counts.get(manifest.kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} of kind ${kind}`).join(", ") || "none";
}
