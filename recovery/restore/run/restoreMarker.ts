import { createHash } from "node:crypto";

import { RESTORE_RESULT, type RestoreResult as RecordedResult } from "../../../planning/restoreResult.ts";
import type { Phase } from "../../../services/common/phases.ts";
import { hasOwnTable, makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../../postgres/catalog/platform.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { parseDatabaseUrl } from "../../postgres/session/databaseUrl.ts";
import { clearJournal, makeJournal } from "./journal.ts";

/** The result of a call to restore. */
export interface RestoreResult extends RecordedResult {
  /** When an earlier call finished it, ISO 8601; absent if this call did. Later changes are kept. */
  finishedBefore?: string | undefined;
}

/** What a restore has left in the database that it restores into. */
export interface RestoreMarker {
  restoreId: string;
  backupId: string;
  /** The phase that it is in, or "finished". */
  phase: string;
  startedAt: Date;
  finishedAt: Date | undefined;
  /** Present once finished. */
  result: RestoreResult | undefined;
}

/** The phase of a marker whose restore has passed all checks. */
export const FINISHED = "finished";

const MARKERS = `${MARKER_SCHEMA}.restore`;

/** What an earlier call has finished. Undefined if none has. */
export function finishedIn(marker: RestoreMarker | undefined): RestoreResult | undefined {
  if (marker?.phase !== FINISHED || marker.result === undefined) return undefined;
  return { ...marker.result, finishedBefore: (marker.finishedAt ?? marker.startedAt).toISOString() };
}

/**
 * The id of a restore. It is the same for the same target, generation and wish, so that an interrupted restore recognises its own work.
 *
 * @param wish what else makes it another restore; empty for a whole database
 */
export function restoreIdFor(targetUrl: string, generation: number, wish = ""): string {
  const { host, port, database } = parseDatabaseUrl(targetUrl);
  return createHash("sha256").update(`${host}:${port}/${database}#${generation}${wish}`).digest("hex").slice(0, 16);
}

/**
 * Connects and reads the marker of a restore as {@link findMarker} does. UserError if the database cannot be reached, which says nothing
 * about the marker.
 */
export async function readRestoreMarker(
  targetUrl: string,
  signal?: AbortSignal,
  restoreId?: string,
): Promise<RestoreMarker | undefined> {
  return await withSession(targetUrl, { applicationName: "castchat-recovery marker", signal }, (session) =>
    findMarker(session, restoreId),
  );
}

/** The marker of the restore with this id, or of the latest one. Undefined if there is none. */
export async function findMarker(session: Session, restoreId?: string): Promise<RestoreMarker | undefined> {
  return (await listMarkers(session)).find((marker) => restoreId === undefined || marker.restoreId === restoreId);
}

/** The markers of all restores into a database, the latest first. */
export async function listMarkers(session: Session): Promise<RestoreMarker[]> {
  if (!(await hasOwnTable(session, MARKERS))) return [];
  type Row = Omit<RestoreMarker, "finishedAt" | "result"> & { finishedAt: Date | null; result: unknown };
  const rows = await session.query<Row>(
    `select restore_id as "restoreId", backup_id as "backupId", phase, started_at as "startedAt", finished_at as "finishedAt", result
     from ${MARKERS} order by started_at desc`,
  );
  return rows.map((row) => ({
    ...row,
    finishedAt: row.finishedAt ?? undefined,
    result: row.result === null ? undefined : RESTORE_RESULT.parse(row.result),
  }));
}

/** Writes the marker of a restore that begins, or starts again, with the backup that it has chosen. */
export async function beginMarker(
  session: Session,
  restoreId: string,
  backupId: string,
  startedAt: Date,
): Promise<void> {
  await makeOwnTable(
    session,
    `${MARKERS} (
      restore_id text primary key,
      backup_id text not null,
      phase text not null,
      started_at timestamptz not null,
      finished_at timestamptz,
      phases jsonb not null default '[]',
      result jsonb
    )`,
  );
  await makeJournal(session);
  // The steps that were noted before belong to work that is about to be removed.
  await clearJournal(session, restoreId);
  await session.query(
    `insert into ${MARKERS} (restore_id, backup_id, phase, started_at) values ($1, $2, 'claim', $3)
     on conflict (restore_id) do update set phase = excluded.phase`,
    [restoreId, backupId, startedAt],
  );
}

/** Notes which phase begins, and how long the phases before it took. */
export async function noteMarkerPhase(
  session: Session,
  restoreId: string,
  phase: string,
  phases: readonly Phase[],
): Promise<void> {
  const values = [restoreId, phase, JSON.stringify(phases)];
  await session.query(`update ${MARKERS} set phase = $2, phases = $3 where restore_id = $1`, values);
}

/** Notes that all checks have passed. */
export async function finishMarker(session: Session, result: RestoreResult, finishedAt: Date): Promise<void> {
  await session.query(
    `update ${MARKERS} set phase = '${FINISHED}', phases = $2, result = $3, finished_at = $4 where restore_id = $1`,
    [result.restoreId, JSON.stringify(result.phases), JSON.stringify(result), finishedAt],
  );
}
