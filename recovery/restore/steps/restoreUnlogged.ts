import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { actAsReplica } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteTable, tableKey } from "../../postgres/session/quote.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { clearJournal } from "../run/journal.ts";
import { restoreRows, type RestoreRowsOptions } from "./restoreRows.ts";

/**
 * Brings the rows of unlogged tables once more where a crash of the server has emptied them: their chunks are in the journal, which
 * is logged, although the rows are gone. To be called once every chunk is in the journal.
 */
export async function bringLostRows(
  session: Session,
  options: Omit<RestoreRowsOptions, "done" | "into" | "asReplica">,
): Promise<void> {
  const lost = await listLost(session, options.manifest.tables);
  if (lost.length === 0) return;
  const restoreId = `${options.restoreId} unlogged`;
  await clearJournal(session, restoreId);
  await inTransaction(session, async () => {
    await actAsReplica(session, lost);
    for (const table of lost) await session.query(`delete from only ${quoteTable(table)}`);
  });
  const into = new Map(lost.map((table) => [tableKey(table), table]));
  await restoreRows({ ...options, restoreId, done: new Set(), into, asReplica: true });
  await clearJournal(session, restoreId);
}

async function listLost(session: Session, tables: readonly BackedUpTable[]): Promise<BackedUpTable[]> {
  const unlogged = await session.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence = 'u'`,
  );
  const keys = new Set(unlogged.map(tableKey));
  const lost: BackedUpTable[] = [];
  for (const table of tables) {
    if (!keys.has(tableKey(table))) continue;
    const [row] = await session.query<{ rows: string }>(`select count(*) as rows from only ${quoteTable(table)}`);
    if (Number(row?.rows ?? 0) !== table.rows) lost.push(table);
  }
  return lost;
}
