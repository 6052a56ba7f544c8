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

/** How a table stands to the backup. */
export interface AssessedTable {
  schema: string;
  name: string;
  /** "changed": it has other rows. "missing": it is gone. "new": the backup doesn't know it. */
  state: "same" | "changed" | "missing" | "new";
  rowsInBackup: number | undefined;
  rowsNow: number | undefined;
  /** Rows of the backup that are not there now as they were; undefined where that can't be told, see `note`. */
  lost: number | undefined;
  /** Of those, how many are there with the same primary key and other values; undefined where no key tells. */
  altered: number | undefined;
  /** Rows that are there now and were not in the backup under that key (without a key: not in that form). */
  added: number | undefined;
  /** Why rows were not compared one by one. */
  note: string | undefined;
  /** Only of tables that are changed or missing. */
  history: TableHistory | undefined;
  /** How many of the rows each later backup lacked already, the oldest first; only where that was asked for. */
  traced: TracedLoss[] | undefined;
}

/** Whether rows of the backup are gone or altered in it. A table that differs in a way that can't be counted is taken for damaged. */
export function isTableDamaged({ state, lost }: AssessedTable): boolean {
  return state === "missing" || (state === "changed" && lost !== 0);
}

/** The backup's tables beside those that are there now. */
export interface Matched {
  /** There, with every column of the backup. */
  comparable: BackedUpTable[];
  /** There, but with columns in which its rows can't be read as the backup did; the note says why. */
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
    // A type that is not on the list may have no binary form at all; reading it would end the transaction of the snapshot.
    else if (table.format === "binary" && found.format !== "binary")
      matched.unlike.push({ table, note: "a column has another type, whose values can't be compared" });
    else matched.comparable.push(table);
  }
  matched.added = live.filter((table) => !known.has(tableKey(table)));
  return matched;
}

/** A table on its way to being assessed. */
export interface InWork {
  state: AssessedTable["state"];
  facts: AssessedTable;
  /** Where its rows can be compared one by one. */
  compared?: ComparedTable;
  /** Without a fingerprint where it can't be read in the backup's columns. */
  now: { rows: number; fingerprint: string | undefined } | undefined;
}

/** The facts of every table that fingerprints and counts tell; of those whose rows differ, what it takes to compare them. */
export async function describeTables(
  session: Session,
  manifest: Manifest,
  there: Matched,
  comparison: Comparison,
): Promise<InWork[]> {
  const keys = await listKeys(session);
  const found: InWork[] = there.comparable.map((backedUp) => {
    const sum = comparison.sums.get(tableKey(backedUp));
    const now = { rows: sum?.rows ?? 0, fingerprint: sum?.toString() };
    const isSame = now.rows === backedUp.rows && now.fingerprint === backedUp.fingerprint;
    const live = there.now.get(tableKey(backedUp));
    const counts = isSame ? { lost: 0, altered: 0, added: 0 } : {};
    const state = isSame ? "same" : "changed";
    return {
      state,
      now,
      facts: factsOf(backedUp, state, { rowsInBackup: backedUp.rows, rowsNow: now.rows, ...counts }),
      ...(live && {
        compared: {
          backedUp,
          live: { ...live, columns: backedUp.columns, format: backedUp.format },
          key: keys.get(tableKey(backedUp)) ?? [],
        },
      }),
    };
  });
  for (const { table, note } of there.unlike) {
    const [row] = await session.query<{ rows: number }>(
      `select count(*)::float8 as rows from only ${quoteTable(table)}`,
    );
    const facts = factsOf(table, "changed", { rowsInBackup: table.rows, rowsNow: row?.rows, note });
    found.push({ state: "changed", facts, now: { rows: row?.rows ?? 0, fingerprint: undefined } });
  }
  for (const table of there.missing) {
    const facts = factsOf(table, "missing", { rowsInBackup: table.rows, lost: table.rows, altered: 0, added: 0 });
    found.push({ state: "missing", facts, now: undefined });
  }
  if (KINDS[manifest.kind].rows === "all") {
    found.push(...there.added.map((table): InWork => ({ state: "new", facts: factsOf(table, "new"), now: undefined })));
  }
  return found.sort((a, b) => (tableName(a.facts) < tableName(b.facts) ? -1 : 1));
}

function factsOf(
  { schema, name }: { schema: string; name: string },
  state: AssessedTable["state"],
  known: Partial<AssessedTable> = {},
): AssessedTable {
  const unknown = {
    rowsInBackup: undefined,
    rowsNow: undefined,
    lost: undefined,
    altered: undefined,
    added: undefined,
  };
  return { schema, name, state, ...unknown, note: undefined, history: undefined, traced: undefined, ...known };
}
