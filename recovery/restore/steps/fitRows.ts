import { amount } from "../../../services/common/amount.ts";
import { listTables } from "../../postgres/catalog/catalog.ts";
import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { IS_MANAGED_DATA_SCHEMA } from "../../postgres/catalog/platform.ts";
import { wasComputed } from "../../postgres/catalog/platformColumns.ts";
import { copyInSql } from "../../postgres/rows/tableReading.ts";
import type { Session } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { noteNotRestored, type NotRestored } from "../run/notRestored.ts";
import { cutRows } from "./cutRows.ts";
import { noteFit, noteFittedRows } from "./fittedTables.ts";

/** Where a table's rows go. */
export type RowTarget = Pick<BackedUpTable, "schema" | "name" | "columns" | "format">;

/** How the target takes the rows of a table that it has otherwise than the backup. */
export interface Fit {
  /** Positions of the columns that it takes. Empty if it takes no row. */
  kept: readonly number[];
  /** What to note if a column that it does not take has a value, by position. */
  losses: ReadonlyMap<number, NotRestored>;
}

/** The tables that the target has otherwise than the backup, by {@link tableKey}. */
export type Fits = ReadonlyMap<string, Fit>;

/** A table of the target. */
interface TargetTable {
  columns: readonly string[];
  /** Generated ones too. */
  allColumns: readonly string[];
  /** Columns that must have a value and have no default. */
  required: readonly string[];
  /** Whether the restoring role may add rows. */
  writable: boolean;
}

/**
 * Compares the backup's tables and columns with the target's, and notes what the target does not take. Supabase changes auth and storage: a
 * new project may lack what an older one had, or demand what it did not have.
 */
export async function findFits(session: Session, restoreId: string, manifest: Manifest): Promise<Fits> {
  const there = await tablesOf(session);
  const fits = new Map<string, Fit>();
  for (const table of manifest.tables.filter(({ kind }) => kind !== "extension")) {
    const { fit, notes } = fitOf(table, there.get(tableKey(table)), session.address.user);
    for (const note of notes) await noteNotRestored(session, restoreId, note);
    if (fit === undefined) continue;
    fits.set(tableKey(table), fit);
    await noteFit(session, restoreId, table, fit.kept);
  }
  return fits;
}

/** The fit of a table, undefined if the target takes its rows as they are, and what is known of losses before any row is read. */
function fitOf(
  table: BackedUpTable,
  found: TargetTable | undefined,
  user: string,
): { fit?: Fit; notes: NotRestored[] } {
  const name = tableName(table);
  const refusal = refusalOf(table, found, user);
  if (refusal !== undefined || found === undefined) {
    const isLoss = table.rows > 0 && !wasComputed(name);
    return { fit: { kept: [], losses: new Map() }, notes: noteOfTable(table, { ...refusal, isLoss }) };
  }
  const missing = table.columns.filter((column) => !found.columns.includes(column));
  if (missing.length === 0) return { notes: [] };
  const losses = new Map<number, NotRestored>();
  const notes: NotRestored[] = [];
  for (const column of missing) {
    // The target computes it.
    if (found.allColumns.includes(column)) continue;
    const key = `${name} lacks column ${column}`;
    const harmless = wasComputed(`${name}.${column}`)
      ? "The platform has dropped it, and had computed it from other columns"
      : "The backup has no value in it";
    notes.push({
      key,
      isWhole: false,
      note: `Nothing is lost: the target has no column ${column} of ${name}. ${harmless}.`,
    });
    if (wasComputed(`${name}.${column}`)) continue;
    losses.set(table.columns.indexOf(column), {
      key,
      isWhole: false,
      isLoss: true,
      note: `Not restored: the values of ${column} in ${name}, because the target has no such column. The backup still has them.`,
    });
  }
  const kept = table.columns.flatMap((column, at) => (missing.includes(column) ? [] : [at]));
  return { fit: { kept, losses }, notes };
}

interface Refusal {
  key: string;
  /** A clause, and what to do about it. */
  because: string;
}

/** Why the target takes no row of a table. */
function refusalOf(table: BackedUpTable, found: TargetTable | undefined, user: string): Refusal | undefined {
  const name = tableName(table);
  // A table without columns has rows, too.
  const hasAny = table.columns.length === 0 || table.columns.some((column) => found?.columns.includes(column));
  if (found === undefined || !hasAny)
    return { key: `${name} is missing`, because: "the target has no such table. The backup still has them." };
  if (table.kind !== "managed" || table.rows === 0) return undefined;
  if (!found.writable)
    return {
      key: `${name} is not written`,
      because: `the role "${user}" may not write to this table of the platform. The backup still has them.`,
    };
  const demanded = found.required.filter((column) => !table.columns.includes(column));
  if (demanded.length === 0) return undefined;
  const [words, pronoun] = demanded.length === 1 ? ["the new column", "it"] : ["the new columns", "them"];
  return {
    key: `${name} demands more`,
    because: `the target's table demands a value in ${words} ${demanded.join(", ")}, and the backup has none. Insert the rows by hand with a value for ${pronoun} (docs/restore-by-hand.md).`,
  };
}

function noteOfTable(table: BackedUpTable, { key = "", because = "", isLoss }: Partial<Refusal> & { isLoss: boolean }) {
  const name = tableName(table);
  const harmless =
    table.rows === 0
      ? "The backup has no rows of it"
      : "The platform has dropped it, and had computed its rows from others";
  const note = isLoss
    ? `Not restored: the ${amount(table.rows, "row")} of ${name}, because ${because}`
    : `Nothing is lost: the target has no table ${name}. ${harmless}.`;
  return [{ key, isWhole: false, isLoss, note }];
}

/** Brings a chunk's rows into a table that takes only some of their columns, within a transaction. */
export async function copyFitted(
  session: Session,
  restoreId: string,
  table: RowTarget,
  { kept, losses }: Fit,
  { key, rows }: { key: string; rows: Buffer },
): Promise<void> {
  if (kept.length === 0) return;
  const cut = cutRows(rows, kept);
  const columns = kept.map((at) => table.columns[at] ?? "");
  await session.copyIn(copyInSql({ ...table, columns, format: "text" }), cut.rows, "text");
  await noteFittedRows(session, restoreId, table, { key, sum: cut.sum });
  for (const [at, loss] of losses) if (cut.filled.has(at)) await noteNotRestored(session, restoreId, loss);
}

/** The target's tables, by {@link tableKey}. */
async function tablesOf(session: Session): Promise<Map<string, TargetTable>> {
  const managed = await session.query<{ schema: string; name: string; required: string[]; writable: boolean }>(
    `select n.nspname as schema, c.relname as name, pg_catalog.has_table_privilege(c.oid, 'insert') as writable,
       array(select a.attname::text from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         and a.attnotnull and not a.atthasdef and a.attidentity = '' order by a.attnum) as required
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and ${IS_MANAGED_DATA_SCHEMA}`,
  );
  const rules = new Map(managed.map((one) => [tableKey(one), one]));
  return new Map(
    (await listTables(session)).map((table) => {
      const { required = [], writable = true } = rules.get(tableKey(table)) ?? {};
      return [tableKey(table), { columns: table.columns, allColumns: table.allColumns, required, writable }];
    }),
  );
}
