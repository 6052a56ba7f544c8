import { quoteIdent, quoteTable } from "../session/quote.ts";
import type { MeasuredTable } from "./measureTables.ts";

/** What is needed to plan the reading of a table. */
export type PlannedTable = Pick<
  MeasuredTable,
  "schema" | "name" | "kind" | "columns" | "sizeBytes" | "blocks" | "isHeap" | "timeColumns" | "format"
> & { condition?: string };

/** A table, or a range of its blocks, as one COPY reads it. */
export interface TableRead {
  table: PlannedTable;
  /** First block and the block after the last. Without an end the range is open, for rows that were added after the table was measured. */
  range?: { from: number; to: number | undefined };
}

/** What one session reads at once: parts of one large table, or several small tables of one kind. */
export type ReadItem = TableRead[];

/** A larger table, TOAST included, is read in ranges of this size. */
const RANGE_BYTES = 32 * 1024 * 1024;
/** Small tables are read together up to this size. */
const PACK_BYTES = 8 * 1024 * 1024;
/** The first version that reads a range of blocks without scanning the whole table. */
const TID_RANGES_SINCE = 14;

/** Splits the reading of tables into pieces of similar size, the largest tables first. Every row is in exactly one piece. */
export function planReads(tables: readonly PlannedTable[], serverMajor: number): ReadItem[] {
  const items: ReadItem[] = [];
  const open = new Map<PlannedTable["kind"], { item: ReadItem; sizeBytes: number }>();
  for (const table of [...tables].sort((a, b) => b.sizeBytes - a.sizeBytes)) {
    if (table.sizeBytes > PACK_BYTES) {
      items.push(...rangesOf(table, serverMajor).map((read) => [read]));
      continue;
    }
    const pack = open.get(table.kind);
    if (pack !== undefined && pack.sizeBytes + table.sizeBytes <= PACK_BYTES) {
      pack.item.push({ table });
      pack.sizeBytes += table.sizeBytes;
    } else {
      const item = [{ table }];
      items.push(item);
      open.set(table.kind, { item, sizeBytes: table.sizeBytes });
    }
  }
  return items;
}

function rangesOf(table: PlannedTable, serverMajor: number): TableRead[] {
  const pieces = Math.min(table.blocks, Math.ceil(table.sizeBytes / RANGE_BYTES));
  if (table.condition || !table.isHeap || serverMajor < TID_RANGES_SINCE || pieces < 2) return [{ table }];
  const step = Math.ceil(table.blocks / pieces);
  const count = Math.ceil(table.blocks / step);
  return Array.from({ length: count }, (_, index) => ({
    table,
    range: { from: index * step, to: index === count - 1 ? undefined : (index + 1) * step },
  }));
}

/** The COPY for a read, in the table's format: named columns, no rows of children, no generated columns. */
export function copyOutSql(read: TableRead): string {
  return `copy ${rowsOf(read)} to stdout${inFormat(read.table)}`;
}

function rowsOf({ table, range }: TableRead): string {
  const name = quoteTable(table);
  const columns = table.columns.map(quoteIdent).join(", ");
  // A table without columns also has rows, each an empty line.
  if (table.condition) return `(select ${columns} from only ${name} ${table.condition})`;
  if (table.columns.length === 0) return `(select from only ${name})`;
  if (range === undefined) return `${name} (${columns})`;
  const end = range.to === undefined ? "" : ` and ctid < '(${range.to},0)'`;
  return `(select ${columns} from only ${name} where ctid >= '(${range.from},0)'${end})`;
}

/** The COPY that restores such rows. */
export function copyInSql(table: Pick<PlannedTable, "schema" | "name" | "columns" | "format">): string {
  const columns = table.columns.length === 0 ? "" : ` (${table.columns.map(quoteIdent).join(", ")})`;
  return `copy ${quoteTable(table)}${columns} from stdin${inFormat(table)}`;
}

function inFormat({ format }: Pick<PlannedTable, "format">): string {
  return format === "binary" ? " (format binary)" : "";
}
