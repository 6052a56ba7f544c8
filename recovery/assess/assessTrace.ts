import type { Reporter } from "../../services/common/reporter.ts";
import type { BackedUpTable } from "../postgres/catalog/description.ts";
import { tableKey, tableName } from "../postgres/session/quote.ts";
import { type BackupSource, canOpen } from "../vault/backupSource.ts";
import type { Manifest } from "../vault/manifest.ts";
import type { PointInTime } from "./assessHistory.ts";
import { type ComparedTable, compareWithLater } from "./assessRows.ts";

/** How many rows of the reference a later backup lacks in their original form. */
export interface TracedLoss extends PointInTime {
  /** Undefined if the backup's columns or types differ, or it can't be decrypted. */
  lost: number | undefined;
}

/** The backups after this one, the oldest first. */
export function laterThan(reference: Manifest, chain: readonly Manifest[]): Manifest[] {
  const at = chain.findIndex((manifest) => manifest.backupId === reference.backupId);
  return chain.slice(at + 1);
}

/** Reads a table in each later backup, and counts the reference's rows that it lacks. A backup with an equal fingerprint is not read. */
export async function traceLoss(
  source: BackupSource,
  later: readonly Manifest[],
  table: ComparedTable,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<TracedLoss[]> {
  const traced: TracedLoss[] = [];
  const { backedUp } = table;
  for (const manifest of later) {
    reporter(`Looking for the rows of ${tableName(backedUp)} in ${manifest.backupId}`);
    const point = { backupId: manifest.backupId, at: manifest.snapshotAt };
    const then = manifest.tables.find((one) => tableKey(one) === tableKey(backedUp));
    const other = { ...source, manifest };
    if (then === undefined) traced.push({ ...point, lost: backedUp.rows });
    else if (then.fingerprint === backedUp.fingerprint && then.rows === backedUp.rows)
      traced.push({ ...point, lost: 0 });
    else if (!hasSameColumns(then, backedUp) || !canOpen(other)) traced.push({ ...point, lost: undefined });
    else traced.push({ ...point, lost: (await compareWithLater(source, other, table, signal)).lost });
  }
  return traced;
}

/** Whether the rows can be compared. The format depends on the columns' types, and rows of two formats can't be compared. */
function hasSameColumns(one: BackedUpTable, other: BackedUpTable): boolean {
  return one.format === other.format && one.columns.join("\0") === other.columns.join("\0");
}
