import type { BackedUpTable } from "../postgres/catalog/description.ts";
import type { Comparison } from "../postgres/rows/compareTables.ts";
import type { MeasuredTable } from "../postgres/rows/measureTables.ts";
import type { Session } from "../postgres/session/database.ts";
import { quoteTable, tableKey, tableName } from "../postgres/session/quote.ts";
import { KINDS } from "../vault/backupKinds.ts";
import type { Manifest } from "../vault/manifest.ts";
import type { TableHistory } from "./assessHistory.ts";
import { type ComparedTable, listKeys } from "./assessRows.ts";
import type { TracedLoss } from "./assessTrace.ts";

/** How a table compares with the backup. */
export interface AssessedTable {
  schema: string;
  name: string;
  /** "changed": it has other rows. "missing": it is gone. "new": the backup does not have it. */
  state: "same" | "changed" | "missing" | "new";
  rowsInBackup?: number | undefined;
  rowsNow?: number | undefined;
  /** Rows of the backup that are missing or altered now. Undefined if that is not known, see `note`. */
  lost?: number | undefined;
  /** How many of them have the same primary key and other values. Undefined without a key. */
  altered?: number | undefined;
  /** Rows that exist now but not in the backup under that key (without a key: not in that form). */
  added?: number | undefined;
  /** Why rows were not compared one by one. */
  note?: string | undefined;
  /** Only for tables that are changed or missing. */
  history?: TableHistory | undefined;
  /** How many of the rows each later backup already lacked, oldest first. Only if that was asked for. */
  traced?: TracedLoss[] | undefined;
}

/** Whether rows of the backup are missing or altered in it. A table whose difference can't be counted counts as damaged. */
export function isTableDamaged({ state, lost }: AssessedTable): boolean {
  return state === "missing" || (state === "changed" && lost !== 0);
}

/** The backup's tables, matched with the live ones. */
export interface Matched {
  /** Live tables with every column of the backup. */
  comparable: BackedUpTable[];
  /** Live tables whose columns differ so much that their rows can't be compared. The note says why. */
  unlike: { table: BackedUpTable; note: string }[];
  missing: BackedUpTable[];
  added: MeasuredTable[];
  now: Map<string, MeasuredTable>;
}

/** Finds each of the backup's tables in the database. */
export function matchTables(backedUp: readonly BackedUpTable[], live: readonly MeasuredTable[]): Matched {
  const now = new Map(live.map((table) => [tableKey(table), table]));
  const known = new Set(backedUp.map(tableKey));
  const matched: Matched = { comparable: [], unlike: [], missing: [], added: [], now };
  for (const table of backedUp) {
    const found = now.get(tableKey(table));
    const lacks = table.columns.filter((column) => found?.columns.includes(column) !== true);
    if (found === undefined) matched.missing.push(table);
    else if (lacks.length > 0)
      matched.unlike.push({
        table,
        note: `it lacks ${lacks.length === 1 ? "the column" : "the columns"} ${lacks.join(", ")}`,
      });
    // A type that is not on the list may have no binary form, and reading it would abort the snapshot's transaction.
    else if (table.format === "binary" && found.format !== "binary")
      matched.unlike.push({ table, note: "a column has another type, whose values can't be compared" });
    else matched.comparable.push(table);
  }
  matched.added = live.filter((table) => !known.has(tableKey(table)));
  return matched;
}

/** A table that is being assessed. */
export interface InWork {
  facts: AssessedTable;
  /** Present if its rows can be compared one by one. */
  compared?: ComparedTable;
  /** Without a fingerprint if it can't be read in the backup's columns. */
  now: { rows: number; fingerprint: string | undefined } | undefined;
}

/** What fingerprints and counts show of every table, and what is needed to compare the rows of those that differ. */
export async function describeTables(
  session: Session,
  manifest: Manifest,
  there: Matched,
  comparison: Comparison,
): Promise<InWork[]> {
  const keys = await listKeys(session);
  const found: InWork[] = there.comparable.map((backedUp) => {
    const { rows: rowsInBackup, columns, format } = backedUp;
    const sum = comparison.sums.get(tableKey(backedUp));
    const now = { rows: sum?.rows ?? 0, fingerprint: sum?.toString() };
    const isSame = now.rows === rowsInBackup && now.fingerprint === backedUp.fingerprint;
    const counts = isSame ? { lost: 0, altered: 0, added: 0 } : {};
    const facts = factsOf(backedUp, isSame ? "same" : "changed", { rowsInBackup, rowsNow: now.rows, ...counts });
    const live = there.now.get(tableKey(backedUp));
    if (live === undefined) return { facts, now };
    const key = keys.get(tableKey(backedUp)) ?? [];
    return { facts, now, compared: { backedUp, live: { ...live, columns, format }, key } };
  });
  for (const { table, note } of there.unlike) {
    const [row] = await session.query<{ rows: number }>(
      `select count(*)::float8 as rows from only ${quoteTable(table)}`,
    );
    const facts = factsOf(table, "changed", { rowsInBackup: table.rows, rowsNow: row?.rows, note });
    found.push({ facts, now: { rows: row?.rows ?? 0, fingerprint: undefined } });
  }
  for (const table of there.missing) {
    const facts = factsOf(table, "missing", { rowsInBackup: table.rows, lost: table.rows, altered: 0, added: 0 });
    found.push({ facts, now: undefined });
  }
  if (KINDS[manifest.kind].rows === "all")
    found.push(...there.added.map((table) => ({ facts: factsOf(table, "new"), now: undefined })));
  return found.sort((a, b) => (tableName(a.facts) < tableName(b.facts) ? -1 : 1));
}

function factsOf(
  { schema, name }: { schema: string; name: string },
  state: AssessedTable["state"],
  known: Partial<AssessedTable> = {},
): AssessedTable {
  return { schema, name, state, ...known };
}
