import type { CopyFormat } from "../../clients/copyFormat.ts";
import type { CopySink } from "../../clients/copyOut.ts";
import type { Session } from "../../clients/database.ts";
import { listTables } from "./catalog.ts";
import { LineSum } from "./lineSum.ts";
import type { BackedUpTable } from "../vault/manifest.ts";
import { measureTables } from "./measureTables.ts";
import { tableKey, tableName } from "./quote.ts";
import { endBytes } from "./rows.ts";
import { copyOutSql, planReads } from "./tableReading.ts";
import type { TableRead } from "./tableReading.ts";

/** Reads that are still to be made of a database, and what they have given. */
export interface Comparison {
  queue: TableRead[];
  /** By {@link tableKey}. */
  sums: Map<string, LineSum>;
  /** Clauses that name what is wrong. */
  differences: string[];
}

/** Plans to read again, in the backup's format, every table that a backup holds. */
export async function planComparison(session: Session, tables: readonly BackedUpTable[]): Promise<Comparison> {
  const there = new Map(
    (await measureTables(session, await listTables(session))).map((table) => [tableKey(table), table]),
  );
  const planned = tables.flatMap((table) => {
    const found = there.get(tableKey(table));
    // The backup's columns and condition: what the platform or a newer extension has added changes nothing.
    return found === undefined
      ? []
      : [{ ...found, columns: table.columns, format: table.format, condition: table.condition ?? "" }];
  });
  return {
    queue: planReads(planned, session.serverMajor).flat(),
    sums: new Map(planned.map((table) => [tableKey(table), new LineSum()])),
    differences: tables.filter((table) => !there.has(tableKey(table))).map((table) => `${tableName(table)} is missing`),
  };
}

/** Reads over one session until the queue is empty; any number of sessions may share a comparison. */
export async function readForComparison(session: Session, comparison: Comparison): Promise<undefined> {
  const sink = new LineHasher();
  for (let read = comparison.queue.shift(); read !== undefined; read = comparison.queue.shift()) {
    const { format } = read.table;
    sink.begin(format);
    try {
      await session.copyOut(copyOutSql(read), sink, format);
    } catch (error) {
      const { code = "" } = error as { code?: string };
      const difference = OTHER_COLUMNS.get(code);
      if (difference === undefined) throw error;
      comparison.differences.push(`${tableName(read.table)} ${difference} (${(error as Error).message})`);
      comparison.sums.delete(tableKey(read.table));
      continue;
    }
    comparison.sums.get(tableKey(read.table))?.addSum(sink.sum.lines, sink.sum.toString());
  }
  return undefined;
}

/** What is wrong with a table's columns, by the SQLSTATE of reading it as the backup did. */
const OTHER_COLUMNS = new Map([
  ["42703", "lacks a column"],
  ["42883", "has a column of a type without a binary form"],
]);

/** What differs, once all has been read. */
export function differencesOf(comparison: Comparison, tables: readonly BackedUpTable[]): string[] {
  const contents = tables.flatMap((table) => {
    const found = comparison.sums.get(tableKey(table));
    if (found === undefined) return [];
    if (found.lines !== table.rows) return [`${tableName(table)} has ${found.lines} rows instead of ${table.rows}`];
    if (found.toString() !== table.fingerprint)
      return [`${tableName(table)} has other content in its ${table.rows} rows`];
    return [];
  });
  return [...comparison.differences, ...contents];
}

const LINE_BYTES = 64 * 1024;

/** Fingerprints rows as they come and keeps none. */
class LineHasher implements CopySink {
  sum = new LineSum();
  #line: Buffer = Buffer.allocUnsafeSlow(LINE_BYTES);
  #used = 0;
  #endBytes = 0;

  begin(format: CopyFormat): void {
    this.sum = new LineSum();
    this.#endBytes = endBytes(format);
  }

  write(bytes: Buffer, start: number, end: number): void {
    const needed = this.#used + end - start;
    if (needed > this.#line.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      this.#line.copy(larger, 0, 0, this.#used);
      this.#line = larger;
    }
    bytes.copy(this.#line, this.#used, start, end);
    this.#used = needed;
  }

  endOfRow(): void {
    this.sum.add(this.#line, 0, this.#used - this.#endBytes);
    this.#used = 0;
  }

  full(): undefined {
    return undefined;
  }
}
