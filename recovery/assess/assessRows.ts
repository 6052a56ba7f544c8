import type { BackedUpTable } from "../postgres/catalog/description.ts";
import type { MeasuredTable } from "../postgres/rows/measureTables.ts";
import { eachRow, type ReadRow } from "../postgres/rows/rows.ts";
import { RowSplitter } from "../postgres/rows/rowSplitter.ts";
import { copyOutSql, planReads } from "../postgres/rows/tableReading.ts";
import type { CopyFormat } from "../postgres/session/copyFormat.ts";
import type { Session } from "../postgres/session/database.ts";
import { tableKey } from "../postgres/session/quote.ts";
import type { BackupSource } from "../vault/backupSource.ts";
import { checkSection, readChunk } from "../vault/readChunk.ts";
import { NoKey, type RowDifferences, RowTable } from "./rowTable.ts";

/** Rows of a backup that are held at once: 84 MB with the margin below. A larger table is read in several passes. */
const ROWS_AT_ONCE = 2_600_000;

/** A table that is in the backup and in the database. */
export interface ComparedTable {
  backedUp: BackedUpTable;
  /** As it is now, with the backup's columns and format. */
  live: MeasuredTable;
  /** Columns of the primary key as it is now. Empty if there is none. */
  key: readonly string[];
}

/**
 * Counts the rows of a table that are missing, altered or new: by primary key if it has one, else by whole rows. Reads the backup's chunks,
 * each checked against its SHA-256 and fingerprint, and reads the table in a session that holds the snapshot.
 *
 * @throws PromiseError for a damaged chunk
 */
export async function compareRows(
  source: BackupSource,
  session: Session,
  table: ComparedTable,
  signal: AbortSignal,
  rowsAtOnce = ROWS_AT_ONCE,
): Promise<RowDifferences> {
  return await compareSides(source, table, rowsAtOnce, signal, (into) => readLive(session, table.live, into));
}

/** Compares with a later backup instead of the live table: which rows it already lacks. Its columns must be the same. */
export async function compareWithLater(
  source: BackupSource,
  later: BackupSource,
  table: ComparedTable,
  signal: AbortSignal,
): Promise<RowDifferences> {
  return await compareSides(source, table, ROWS_AT_ONCE, signal, (into) =>
    readBackedUp(later, table.backedUp, signal, (bytes, start, end) => into.addSecond(bytes, start, end)),
  );
}

async function compareSides(
  source: BackupSource,
  table: ComparedTable,
  rowsAtOnce: number,
  signal: AbortSignal,
  readSecond: (into: RowTable) => Promise<void>,
): Promise<RowDifferences> {
  const compare = (key: readonly number[] | undefined) =>
    inPasses(table.backedUp.rows, table.backedUp.format, rowsAtOnce, key, async (compared) => {
      await readBackedUp(source, table.backedUp, signal, (bytes, start, end) => compared.addFirst(bytes, start, end));
      await readSecond(compared);
    });
  try {
    return await compare(positionsOf(table));
  } catch (error) {
    // The primary key differs between the two sides.
    if (!(error instanceof NoKey)) throw error;
    return await compare(undefined);
  }
}

/** Compares one share of the rows after the other, to bound the rows that are held at once. */
async function inPasses(
  rows: number,
  format: CopyFormat,
  rowsAtOnce: number,
  key: readonly number[] | undefined,
  fill: (compared: RowTable) => Promise<void>,
): Promise<RowDifferences> {
  const passes = Math.max(1, Math.ceil(rows / rowsAtOnce));
  const total: RowDifferences = { lost: 0, altered: key === undefined ? undefined : 0, added: 0 };
  for (let index = 0; index < passes; index += 1) {
    // Hashes spread evenly, but not exactly.
    const room = passes === 1 ? rows : Math.ceil((rows / passes) * 1.1) + 1_000;
    const compared = new RowTable(room, format, key, { index, of: passes });
    await fill(compared);
    const found = compared.result();
    total.lost += found.lost;
    total.added += found.added;
    if (total.altered !== undefined) total.altered += found.altered ?? 0;
  }
  return total;
}

async function readBackedUp(
  source: BackupSource,
  table: BackedUpTable,
  signal: AbortSignal,
  read: ReadRow,
): Promise<void> {
  const wanted = tableKey(table);
  for (const chunk of source.manifest.chunks) {
    if (!chunk.sections.some((section) => tableKey(section) === wanted)) continue;
    for (const section of await readChunk(source, chunk, signal)) {
      if (tableKey(section.section) !== wanted) continue;
      checkSection(chunk, section);
      eachRow(section.rows, 0, section.rows.length, section.format, read);
    }
  }
}

async function readLive(session: Session, table: MeasuredTable, into: RowTable): Promise<void> {
  // A sink that throws would end the connection, so its error is kept until the copy is over.
  let failure: Error | undefined;
  const sink = new RowSplitter(table.format, (bytes, start, end) => {
    if (failure !== undefined) return;
    try {
      into.addSecond(bytes, start, end);
    } catch (error) {
      failure = error as Error;
    }
  });
  for (const read of planReads([table], session.serverMajor).flat())
    await session.copyOut(copyOutSql(read), sink, table.format);
  if (failure !== undefined) throw failure;
}

function positionsOf({ backedUp, key }: ComparedTable): number[] | undefined {
  const positions = key.map((column) => backedUp.columns.indexOf(column));
  return positions.length === 0 || positions.includes(-1) ? undefined : positions;
}

/** Columns of every primary key, in order, by {@link tableKey}. */
export async function listKeys(session: Session): Promise<Map<string, string[]>> {
  const rows = await session.query<{ schema: string; name: string; columns: string[] }>(
    `select n.nspname as schema, c.relname as name, array_agg(a.attname::text order by k.at) as columns
       from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, at)
       join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
      where i.indisprimary and i.indisvalid group by c.oid, 1, 2`,
  );
  return new Map(rows.map((row) => [tableKey(row), row.columns]));
}
