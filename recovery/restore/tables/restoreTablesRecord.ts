import { z } from "zod";

import { makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../../postgres/catalog/platform.ts";
import { QUIET_EVENT_TRIGGERS, quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent } from "../../postgres/session/quote.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { clearJournal, makeJournal } from "../run/journal.ts";
import type { RestoreTablesResult } from "./restoreTablesOptions.ts";
import { schemaBeside, type TableBeside } from "./tableBeside.ts";

const RECORD = `${MARKER_SCHEMA}.restored_tables`;

/** What a restore of tables has begun. */
export interface TablesRecord {
  backupId: string;
  startedAt: Date;
  /** Present once the rows have been swapped. */
  result: RestoreTablesResult | undefined;
}

const resultSchema = z.object({
  restoreId: z.string(),
  backupId: z.string(),
  snapshotAt: z.string(),
  tables: z.array(z.object({ name: z.string(), rowsBefore: z.number(), rows: z.number() })),
  phases: z.array(z.object({ name: z.string(), durationMs: z.number() })),
  durationMs: z.number(),
  notes: z.array(z.string()),
});

/** What an earlier run of the same restore has left, if anything. */
export async function findRecord(session: Session, restoreId: string): Promise<TablesRecord | undefined> {
  const [there] = await session.query<{ record: string | null }>("select to_regclass($1)::text as record", [RECORD]);
  if ((there?.record ?? undefined) === undefined) return undefined;
  const [row] = await session.query<{ backup_id: string; started_at: Date; result: unknown }>(
    `select backup_id, started_at, result from ${RECORD} where restore_id = $1`,
    [restoreId],
  );
  if (row === undefined) return undefined;
  const result = row.result === null ? undefined : resultSchema.parse(row.result);
  return { backupId: row.backup_id, startedAt: row.started_at, result };
}

/** Makes empty tables beside the live ones, with the columns of theirs that a backup holds, and notes that it has. */
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
    for (const { table, beside } of tables) {
      const columns = table.columns.map(quoteIdent).join(", ");
      const live = `${quoteIdent(table.schema)}.${quoteIdent(table.name)}`;
      // Types alone: neither defaults nor NOT NULL, so that generated columns may be missing.
      await session.query(
        columns === ""
          ? `create table ${schema}.${quoteIdent(beside.name)} ()`
          : `create table ${schema}.${quoteIdent(beside.name)} as select ${columns} from only ${live} with no data`,
      );
    }
    await session.query(`insert into ${RECORD} (restore_id, backup_id, started_at) values ($1, $2, $3)`, [
      restoreId,
      backupId,
      startedAt,
    ]);
  });
}

/** Notes within the swap's transaction that it is done. */
export async function noteSwapped(session: Session, result: RestoreTablesResult): Promise<void> {
  await session.query(`update ${RECORD} set result = $2 where restore_id = $1`, [
    result.restoreId,
    JSON.stringify(result),
  ]);
}

/** Takes away what lies beside, and the record of it. Can be run again. */
export async function takeAwayRecord(session: Session, restoreId: string): Promise<void> {
  await session.query(`${QUIET_EVENT_TRIGGERS}; drop schema if exists ${quoteIdent(schemaBeside(restoreId))} cascade`);
  const [there] = await session.query<{ record: string | null }>("select to_regclass($1)::text as record", [RECORD]);
  if ((there?.record ?? undefined) === undefined) return;
  await clearJournal(session, restoreId);
  await session.query(`delete from ${RECORD} where restore_id = $1`, [restoreId]);
}
