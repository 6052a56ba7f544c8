import { z } from "zod";

import { RESTORE_RESULT } from "../../../planning/restoreResult.ts";
import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { hasOwnTable, makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../../postgres/catalog/platform.ts";
import { QUIET_EVENT_TRIGGERS, quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteTable } from "../../postgres/session/quote.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { castOf, type TableOfOther } from "../rights/confined.ts";
import { clearJournal, makeJournal } from "../run/journal.ts";

const RECORD = `${MARKER_SCHEMA}.restored_tables`;

const resultSchema = RESTORE_RESULT.pick({
  restoreId: true,
  backupId: true,
  snapshotAt: true,
  phases: true,
  durationMs: true,
  notes: true,
}).extend({
  /** Each table with its rows before and now. */
  tables: z.array(z.object({ name: z.string(), rowsBefore: z.number(), rows: z.number() })),
});

/** What has been replaced. */
export type RestoreTablesResult = z.infer<typeof resultSchema>;

/** A table whose rows are to be replaced. */
export interface TableBeside {
  /** As the backup holds it. */
  table: BackedUpTable;
  /** Where its rows are brought first. */
  beside: { schema: string; name: string };
  /** Set if another role than the restoring one owns the live table. */
  other: TableOfOther | undefined;
  /** How many rows the live table has and will lose. */
  rowsNow: number;
}

/** What a restore of tables has begun. */
export interface TablesRecord {
  backupId: string;
  startedAt: Date;
  /** Present once the rows have been swapped. */
  result: RestoreTablesResult | undefined;
}

/** The staging schema of a restore of tables. recovery/postgres/catalog/platform.ts knows that it is not the app's. */
export function schemaBeside(restoreId: string): string {
  return `castchat_recovery_tables_${restoreId}`;
}

/** What an earlier run of the same restore has left. Undefined if there is none. */
export async function findRecord(session: Session, restoreId: string): Promise<TablesRecord | undefined> {
  if (!(await hasRecords(session))) return undefined;
  const [row] = await session.query<Omit<TablesRecord, "result"> & { result: unknown }>(
    `select backup_id as "backupId", started_at as "startedAt", result from ${RECORD} where restore_id = $1`,
    [restoreId],
  );
  return row && { ...row, result: row.result === null ? undefined : resultSchema.parse(row.result) };
}

/** Makes empty tables beside the live ones, with the columns that the backup holds, and notes that they are there. */
export async function beginRecord(
  session: Session,
  begun: { restoreId: string; backupId: string; tables: readonly TableBeside[]; startedAt: Date },
): Promise<void> {
  const { restoreId, backupId, tables, startedAt } = begun;
  const schema = quoteIdent(schemaBeside(restoreId));
  await makeOwnTable(
    session,
    `${RECORD} (
      restore_id text primary key, backup_id text not null, started_at timestamptz not null, result jsonb)`,
  );
  await makeJournal(session);
  await inTransaction(session, async () => {
    await quietEventTriggers(session);
    await session.query(`create schema ${schema}; revoke all on schema ${schema} from public`);
    for (const { table, beside, other } of tables) {
      // A type of another role may run its expressions, so its values come as text.
      const read = (column: string) => (castOf(other, column) === "" ? "" : "::text");
      const columns = table.columns
        .map((column) => `${quoteIdent(column)}${read(column)} as ${quoteIdent(column)}`)
        .join(", ");
      // Only types, no defaults and no NOT NULL, so that generated columns may be missing.
      const definition = columns === "" ? "()" : `as select ${columns} from only ${quoteTable(table)} with no data`;
      await session.query(`create table ${quoteTable(beside)} ${definition}`);
    }
    const values = [restoreId, backupId, startedAt];
    await session.query(`insert into ${RECORD} (restore_id, backup_id, started_at) values ($1, $2, $3)`, values);
  });
}

/** Notes in the swap's transaction that it is done. */
export async function noteSwapped(session: Session, result: RestoreTablesResult): Promise<void> {
  const values = [result.restoreId, JSON.stringify(result)];
  await session.query(`update ${RECORD} set result = $2 where restore_id = $1`, values);
}

/** Removes the tables beside the live ones, and the record of them. It can be run again. */
export async function removeRecord(session: Session, restoreId: string): Promise<void> {
  await session.query(`${QUIET_EVENT_TRIGGERS}; drop schema if exists ${quoteIdent(schemaBeside(restoreId))} cascade`);
  if (!(await hasRecords(session))) return;
  await clearJournal(session, restoreId);
  await session.query(`delete from ${RECORD} where restore_id = $1`, [restoreId]);
}

async function hasRecords(session: Session): Promise<boolean> {
  return await hasOwnTable(session, RECORD);
}
