import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { RowSum } from "../../postgres/rows/rowSum.ts";
import type { Session } from "../../postgres/session/database.ts";
import { tableKey } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { noteStep, readJournal } from "../run/journal.ts";

/** Prefixes of steps in the journal. */
const FIT = "fit: ";
const ROWS = "fitted rows: ";

interface NotedFit {
  table: string;
  kept: readonly number[];
}
interface NotedRows {
  table: string;
  chunk: string;
  rows: number;
  sum: string;
}

/** Notes which columns of a table the target takes. */
export async function noteFit(
  session: Session,
  restoreId: string,
  table: Pick<BackedUpTable, "schema" | "name">,
  kept: readonly number[],
): Promise<void> {
  const fit: NotedFit = { table: tableKey(table), kept };
  await noteStep(session, restoreId, FIT + JSON.stringify(fit));
}

/** Notes the fingerprint of a chunk's rows with the columns that the target takes, within the transaction that brings them. */
export async function noteFittedRows(
  session: Session,
  restoreId: string,
  table: Pick<BackedUpTable, "schema" | "name">,
  { key, sum }: { key: string; sum: RowSum },
): Promise<void> {
  const noted: NotedRows = { table: tableKey(table), chunk: key, rows: sum.rows, sum: sum.toString() };
  await noteStep(session, restoreId, ROWS + JSON.stringify(noted));
}

/** The backup's tables as the target should have them: without those whose rows it does not take, and with the columns that it takes. */
export async function fittedTables(
  session: Session,
  restoreId: string,
  { tables }: Pick<Manifest, "tables">,
): Promise<BackedUpTable[]> {
  const steps = [...(await readJournal(session, restoreId))];
  const noted = <T>(prefix: string) =>
    steps.filter((step) => step.startsWith(prefix)).map((step) => JSON.parse(step.slice(prefix.length)) as T);
  const fits = new Map(noted<NotedFit>(FIT).map(({ table, kept }) => [table, kept]));
  const sums = new Map<string, RowSum>([...fits.keys()].map((key) => [key, new RowSum()]));
  for (const { table, rows, sum } of noted<NotedRows>(ROWS)) sums.get(table)?.addSum(rows, sum);
  return tables.flatMap((table) => {
    const kept = fits.get(tableKey(table));
    if (kept === undefined) return [table];
    if (kept.length === 0) return [];
    const columns = kept.map((at) => table.columns[at] ?? "");
    return [{ ...table, columns, fingerprint: String(sums.get(tableKey(table))) }];
  });
}
