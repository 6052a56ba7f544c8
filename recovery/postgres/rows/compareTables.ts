import { amount } from "../../../services/common/amount.ts";
import { listTables } from "../catalog/catalog.ts";
import type { BackedUpTable } from "../catalog/description.ts";
import type { Session } from "../session/database.ts";
import { tableKey, tableName } from "../session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../session/sqlState.ts";
import { measureTables } from "./measureTables.ts";
import { RowSplitter } from "./rowSplitter.ts";
import { RowSum } from "./rowSum.ts";
import { copyOutSql, planReads, type TableRead } from "./tableReading.ts";

/** Reads of a database that are still to be made, and the results so far. */
export interface Comparison {
  queue: TableRead[];
  /** By {@link tableKey}. */
  sums: Map<string, RowSum>;
  /** Clauses that say what differs. */
  differences: string[];
}

/** Plans to read every table that a backup holds, in the backup's format. */
export async function planComparison(session: Session, tables: readonly BackedUpTable[]): Promise<Comparison> {
  const there = new Map(
    (await measureTables(session, await listTables(session))).map((table) => [tableKey(table), table]),
  );
  const planned = tables.flatMap((table) => {
    const found = there.get(tableKey(table));
    // The backup's columns and condition: additions of the platform or of a newer extension do not matter.
    return found === undefined
      ? []
      : [{ ...found, columns: table.columns, format: table.format, condition: table.condition ?? "" }];
  });
  return {
    queue: planReads(planned, session.serverMajor).flat(),
    sums: new Map(planned.map((table) => [tableKey(table), new RowSum()])),
    differences: tables.filter((table) => !there.has(tableKey(table))).map((table) => `${tableName(table)} is missing`),
  };
}

/** Reads over one session until the queue is empty; any number of sessions may share a comparison. */
export async function readForComparison(session: Session, comparison: Comparison): Promise<undefined> {
  for (let read = comparison.queue.shift(); read !== undefined; read = comparison.queue.shift()) {
    const { format } = read.table;
    const sum = comparison.sums.get(tableKey(read.table));
    const splitter = new RowSplitter(format, (bytes, start, end) => sum?.add(bytes, start, end));
    try {
      await session.copyOut(copyOutSql(read), splitter, format);
    } catch (error) {
      const difference = OTHER_COLUMNS.get(sqlStateOf(error));
      if (difference === undefined) throw error;
      comparison.differences.push(`${tableName(read.table)} ${difference} (${(error as Error).message})`);
      comparison.sums.delete(tableKey(read.table));
    }
  }
  return undefined;
}

/** What is wrong with a table's columns, by the SQLSTATE of reading it as the backup did. */
const OTHER_COLUMNS = new Map<string, string>([
  [SQLSTATE.UNDEFINED_COLUMN, "lacks a column"],
  [SQLSTATE.UNDEFINED_FUNCTION, "has a column of a type without a binary form"],
]);

/** What differs, after everything has been read. */
export function differencesOf(comparison: Comparison, tables: readonly BackedUpTable[]): string[] {
  const contents = tables.flatMap((table) => contentDifferences(table, comparison.sums.get(tableKey(table))));
  return [...comparison.differences, ...contents];
}

/** What differs from the backup in a table's content, in clauses. Empty for a table that could not be read. */
export function contentDifferences(table: BackedUpTable, found: RowSum | undefined): string[] {
  if (found === undefined) return [];
  if (found.rows !== table.rows)
    return [`${tableName(table)} has ${amount(found.rows, "row")} instead of ${table.rows}`];
  return found.toString() === table.fingerprint
    ? []
    : [`${tableName(table)} has other content in its ${amount(table.rows, "row")}`];
}
