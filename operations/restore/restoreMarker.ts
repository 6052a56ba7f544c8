import { createHash } from "node:crypto";
import { z } from "zod";
import { parseDatabaseUrl } from "../../clients/databaseUrl.ts";
import { withSession } from "../../clients/database.ts";
import type { Session } from "../../clients/database.ts";
import { clearJournal, makeJournal } from "./journal.ts";
import type { Phase } from "../phases.ts";
import { makeOwnTable } from "../database/ownTables.ts";
import { MARKER_SCHEMA } from "../database/platform.ts";
import { restoredPartsSchema } from "./restoredParts.ts";
import type { RestoredParts } from "./restoredParts.ts";
import type { Selection } from "./restoreSelection.ts";

/** What a finished restore has brought back and checked. */
export interface RestoreResult {
  restoreId: string;
  backupId: string;
  /** When the restored snapshot was taken, ISO 8601. */
  snapshotAt: string;
  phases: Phase[];
  durationMs: number;
  tables: number;
  rows: number;
  /** Counted in the restored database. */
  users: number;
  posts: number;
  applications: number;
  /** What was brought back beside the database; absent where nothing was. */
  project?: { storageObjects: number; functions: number; authSettings: number } | undefined;
  /** Where each part beside the database comes from, and what of it is missing; absent where none was looked for. */
  parts?: RestoredParts | undefined;
  /** Differences that are no fault, in sentences (an extension's newer version). */
  notes: string[];
  /** When an earlier call has finished it, ISO 8601; absent where this one has. What was changed since then is as it is. */
  finishedBefore?: string | undefined;
  /** Absent where all of the backup was restored. */
  selection?: Exclude<Selection, "everything"> | undefined;
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

const resultSchema = z.object({
  restoreId: z.string(),
  backupId: z.string(),
  snapshotAt: z.string(),
  phases: z.array(z.object({ name: z.string(), durationMs: z.number() })),
  durationMs: z.number(),
  tables: z.number(),
  rows: z.number(),
  users: z.number(),
  posts: z.number(),
  applications: z.number(),
  notes: z.array(z.string()),
  project: z.object({ storageObjects: z.number(), functions: z.number(), authSettings: z.number() }).optional(),
  parts: restoredPartsSchema.optional(),
  selection: z.enum(["definitions", "rows"]).optional(),
});

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
    result: row.result === null ? undefined : resultSchema.parse(row.result),
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
