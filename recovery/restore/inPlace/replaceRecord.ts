import { type Memory, RECORD, type ReplacementState } from "../../gate/replacement.ts";
import { makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";
import { makeJournal } from "../run/journal.ts";

/** Notes that one begins. There is one at a time. */
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
  await session.query(`insert into ${RECORD} (restore_id, backup_id, state, started_at) values ($1, $2, 'begun', $3)`, [
    begun.restoreId,
    begun.backupId,
    begun.startedAt,
  ]);
}

/** Notes how far it is, and what came of the step; also within the step's own transaction. */
export async function noteReplacement(
  session: Session,
  more: {
    state?: ReplacementState;
    phase?: string;
    safetyBackupId?: string;
    memory?: Memory;
  },
): Promise<void> {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
  await session.query(
    `update ${RECORD} set state = coalesce($1, state), phase = coalesce($2, phase), safety_backup_id = coalesce($3, safety_backup_id),
       memory = coalesce($4::jsonb, memory)`,
    [more.state ?? null, more.phase ?? null, more.safetyBackupId ?? null, json(more.memory)],
  );
}

/** Forgets it, once nothing is left to be done. */
export async function endReplacement(session: Session, restoreId: string): Promise<void> {
  await session.query(`delete from ${MARKER_SCHEMA}.journal where restore_id = $1`, [restoreId]);
  await session.query(`delete from ${RECORD} where restore_id = $1`, [restoreId]);
}
