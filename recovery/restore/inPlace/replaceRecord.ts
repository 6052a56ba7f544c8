import { RECORD, type Replacement } from "../../gate/replacement.ts";
import { makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import type { Session } from "../../postgres/session/database.ts";
import { EVERY_ROW } from "../../postgres/session/everyRow.ts";
import { clearJournal, makeJournal } from "../run/journal.ts";

/** Notes that a replacement begins. There is one at a time. */
export async function beginReplacement(
  session: Session,
  begun: { restoreId: string; backupId: string; startedAt: Date },
): Promise<void> {
  await makeOwnTable(
    session,
    `${RECORD} (
      one boolean primary key default true check (one), restore_id text not null, backup_id text not null, state text not null,
      phase text not null default '', started_at timestamptz not null, safety_backup_id text, memory jsonb)`,
  );
  await makeJournal(session);
  const values = [begun.restoreId, begun.backupId, begun.startedAt];
  const columns = "restore_id, backup_id, state, started_at";
  await session.query(`insert into ${RECORD} (${columns}) values ($1, $2, 'begun', $3)`, values);
}

/** Notes how far the replacement is, and the outcome of a step. It may be called in the step's own transaction. */
export async function noteReplacement(
  session: Session,
  { state, phase, safetyBackupId, memory }: Partial<Pick<Replacement, "state" | "phase" | "safetyBackupId" | "memory">>,
): Promise<void> {
  await session.query(
    `update ${RECORD} set state = coalesce($1, state), phase = coalesce($2, phase), safety_backup_id = coalesce($3, safety_backup_id),
       memory = coalesce($4::jsonb, memory) ${EVERY_ROW}`,
    [state, phase, safetyBackupId, JSON.stringify(memory)],
  );
}

/** Deletes the record, once nothing is left to do. */
export async function endReplacement(session: Session, restoreId: string): Promise<void> {
  await clearJournal(session, restoreId);
  await session.query(`delete from ${RECORD} where restore_id = $1`, [restoreId]);
}
