import type { BackedUpTable } from "../postgres/catalog/description.ts";
import { tableKey, tableName } from "../postgres/session/quote.ts";
import { KINDS } from "../vault/backupKinds.ts";
import type { Manifest } from "../vault/manifest.ts";

/** A backup as a point in time. */
export interface PointInTime {
  backupId: string;
  /** When its snapshot was taken, ISO 8601. */
  at: string;
}

/** When a table came to be as it is, according to the manifests only. Nothing in it is an estimate. */
export interface TableHistory {
  /**
   * The newest backup, in an unbroken row from the reference on, in which the table is exactly as in the reference. It was undamaged then.
   */
  sameAsReferenceUntil: PointInTime;
  /** The oldest backup from which on the table is exactly as it is now. Absent if no backup holds this state. */
  asNowSince: PointInTime | undefined;
  /** The two backups, up to the reference, between which it last changed. Absent if it is the same in all of them, or that is not known. */
  lastChangeBefore: { after: PointInTime; by: PointInTime } | undefined;
  /**
   * False if the table has other columns, or its rows another format, in some backup or now. Fingerprints can't be compared then, so an
   * absent instant means nothing.
   */
  isComplete: boolean;
}

/** A table that lost rows, or was dropped, between two earlier backups, perhaps on purpose. */
export interface EarlierLoss {
  table: string;
  after: PointInTime;
  by: PointInTime;
  rowsBefore: number;
  /** Undefined if the table is gone. */
  rowsAfter: number | undefined;
}

/** What a table holds according to a manifest. */
type Content = Pick<BackedUpTable, "rows" | "fingerprint" | "columns" | "format">;

/**
 * Finds in the manifests when a table came to be as it is now.
 *
 * @param chain proven full backups, the oldest first
 * @param reference one of them
 * @param now what the table holds now, in the reference's columns and format; undefined if it is gone; without a fingerprint if it can't be
 * read in them
 */
export function historyOf(
  table: { schema: string; name: string },
  chain: readonly Manifest[],
  reference: Manifest,
  now: { rows: number; fingerprint: string | undefined } | undefined,
): TableHistory {
  const key = tableKey(table);
  const contents = chain.map((manifest) => manifest.tables.find((one) => tableKey(one) === key));
  const at = chain.findIndex((manifest) => manifest.backupId === reference.backupId);
  const start = at === -1 ? undefined : contents[at];
  const isComparable = (one: Content | undefined) => one === undefined || start === undefined || isAlike(one, start);
  const isSame = (one: Content | undefined, other: typeof now) =>
    isComparable(one) && one?.rows === other?.rows && one?.fingerprint === other?.fingerprint;
  let until = at;
  while (until + 1 < chain.length && isSame(contents[until + 1], start)) until += 1;
  let since = chain.length;
  while (since - 1 > until && isSame(contents[since - 1], now)) since -= 1;
  let first = at;
  while (first > 0 && isSame(contents[first - 1], start)) first -= 1;
  const sinceThen = chain[since];
  const [before, by] = isComparable(contents[first - 1]) ? [chain[first - 1], chain[first]] : [];
  return {
    sameAsReferenceUntil: pointOf(chain[until] ?? reference),
    asNowSince: sinceThen && pointOf(sinceThen),
    lastChangeBefore: before && by && { after: pointOf(before), by: pointOf(by) },
    isComplete: contents.every(isComparable) && (now === undefined || now.fingerprint !== undefined),
  };
}

/** Tables that have fewer rows in a backup than in the one before it, or are gone from it, newest first, up to the reference. */
export function earlierLosses(chain: readonly Manifest[], reference: Manifest): EarlierLoss[] {
  const at = chain.findIndex((manifest) => manifest.backupId === reference.backupId);
  // What a backup of another kind does not hold was not lost.
  const full = chain.slice(0, at + 1).filter(({ kind }) => KINDS[kind].isWhole);
  return full
    .flatMap((manifest, index) => {
      const before = full[index - 1];
      if (index === 0 || before === undefined) return [];
      const now = new Map(manifest.tables.map((table) => [tableKey(table), table.rows]));
      return before.tables.flatMap((table): EarlierLoss[] => {
        const rowsAfter = now.get(tableKey(table));
        if (rowsAfter !== undefined && rowsAfter >= table.rows) return [];
        const [after, by] = [pointOf(before), pointOf(manifest)];
        return [{ table: tableName(table), after, by, rowsBefore: table.rows, rowsAfter }];
      });
    })
    .reverse();
}

function pointOf({ backupId, snapshotAt }: Manifest): PointInTime {
  return { backupId, at: snapshotAt };
}

/** Whether the fingerprints of two contents can be compared. */
function isAlike(one: Content, other: Content): boolean {
  return one.format === other.format && JSON.stringify(one.columns) === JSON.stringify(other.columns);
}
