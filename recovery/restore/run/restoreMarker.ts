import { createHash } from "node:crypto";

import { RESTORE_RESULT, type RestoreResult as RecordedResult } from "../../../planning/restoreResult.ts";
import type { Phase } from "../../../services/common/phases.ts";
import { makeOwnTable } from "../../postgres/catalog/ownTables.ts";
import { MARKER_SCHEMA } from "../../postgres/catalog/platform.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { parseDatabaseUrl } from "../../postgres/session/databaseUrl.ts";
import { clearJournal, makeJournal } from "./journal.ts";

/** What a call to restore has come to. */
export interface RestoreResult extends RecordedResult {
  /** When an earlier call has finished it, ISO 8601; absent where this one has. What was changed since then is as it is. */
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

/** What an earlier call has finished; undefined where none has. */
export function finishedIn(marker: RestoreMarker | undefined): RestoreResult | undefined {
  if (marker?.phase !== FINISHED || marker.result === undefined) return undefined;
  return { ...marker.result, finishedBefore: (marker.finishedAt ?? marker.startedAt).toISOString() };
}

/**
 * The id of a restore: the same for the same target, generation and wish, so that an interrupted one knows its own work.
 *
 * @param wish what else makes it another restore; empty for a whole database
 */
export function restoreIdFor(targetUrl: string, generation: number, wish = ""): string {
  const { host, port, database } = parseDatabaseUrl(targetUrl);
  return createHash("sha256").update(`${host}:${port}/${database}#${generation}${wish}`).digest("hex").slice(0, 16);
}

/**
 * The marker of a restore into a database (without an id the latest), or undefined when there never was one. A database that
 * can't be reached is an error (UserError): it says nothing about the marker.
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

/** The same over an open session; with an id that restore's. */
export async function findMarker(session: Session, restoreId?: string): Promise<RestoreMarker | undefined> {
  return (await listMarkers(session)).find((marker) => restoreId === undefined || marker.restoreId === restoreId);
}

/** The markers of all restores into a database, the latest first. */
export async function listMarkers(session: Session): Promise<RestoreMarker[]> {
  const [there] = await session.query<{ marker: string | null }>("select to_regclass($1)::text as marker", [
    `${MARKER_SCHEMA}.restore`,
  ]);
  if ((there?.marker ?? undefined) === undefined) return [];
  const rows = await session.query<{
    restore_id: string;
    backup_id: string;
    phase: string;
    started_at: Date;
    finished_at: Date | null;
    result: unknown;
  }>(
    `select restore_id, backup_id, phase, started_at, finished_at, result from ${MARKER_SCHEMA}.restore order by started_at desc`,
  );
  return rows.map((row) => ({
    restoreId: row.restore_id,
    backupId: row.backup_id,
    phase: row.phase,
    startedAt: row.started_at,
    finishedAt: row.finished_at ?? undefined,
    result: row.result === null ? undefined : RESTORE_RESULT.parse(row.result),
  }));
}

/** Writes the marker of a restore that begins, or begins anew, with the backup that it has decided on. */
export async function beginMarker(
  session: Session,
  restoreId: string,
  backupId: string,
  startedAt: Date,
): Promise<void> {
  await makeOwnTable(
    session,
    `${MARKER_SCHEMA}.restore (
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
  // What was noted before belongs to work that is about to be taken away.
  await clearJournal(session, restoreId);
  await session.query(
    `insert into ${MARKER_SCHEMA}.restore (restore_id, backup_id, phase, started_at) values ($1, $2, 'claim', $3)
     on conflict (restore_id) do update set phase = excluded.phase`,
    [restoreId, backupId, startedAt],
  );
}

/** Notes which phase begins, and how long the ones before it took. */
export async function noteMarkerPhase(
  session: Session,
  restoreId: string,
  phase: string,
  phases: readonly Phase[],
): Promise<void> {
  await session.query(`update ${MARKER_SCHEMA}.restore set phase = $2, phases = $3 where restore_id = $1`, [
    restoreId,
    phase,
    JSON.stringify(phases),
  ]);
}

/** Notes that all checks have passed. */
export async function finishMarker(session: Session, result: RestoreResult, finishedAt: Date): Promise<void> {
  await session.query(
    `update ${MARKER_SCHEMA}.restore set phase = '${FINISHED}', phases = $2, result = $3, finished_at = $4 where restore_id = $1`,
    [result.restoreId, JSON.stringify(result.phases), JSON.stringify(result), finishedAt],
  );
}
