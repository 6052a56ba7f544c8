import type { RestoredParts } from "../../../planning/restoredParts.ts";
import { PhaseTimer } from "../../../services/common/phases.ts";
import { nameOf } from "../../postgres/session/confirmation.ts";
import { connect, type Session } from "../../postgres/session/database.ts";
import { parseDatabaseUrl } from "../../postgres/session/databaseUrl.ts";
import { whileReachable } from "../../postgres/session/reachable.ts";
import { hasLosses, partNotes } from "../../project/restoredParts.ts";
import { holdsProject, noteOfProject, restoreProject } from "../../project/restoreProject.ts";
import { areStorageRowsOpen } from "../../project/storageRows.ts";
import { chooseBackup } from "../../vault/chooseBackup.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { olderThan } from "../../vault/provenBackups.ts";
import { appendRecoveryLog } from "../../vault/recoveryLog.ts";
import { walkedPastNotes } from "../../vault/walkVersions.ts";
import { claim, refuseOther } from "../run/restoreClaim.ts";
import { explainTargetFault } from "../run/restoreFaults.ts";
import {
  findMarker,
  finishedIn,
  finishMarker,
  noteMarkerPhase,
  restoreIdFor,
  type RestoreResult,
} from "../run/restoreMarker.ts";
import type { RestoreOptions } from "../run/restoreOptions.ts";
import { applicationNameOf, holdTarget } from "../run/restoreTarget.ts";
import { manifestWithoutEventTriggers } from "../steps/eventTriggers.ts";
import { runPhases } from "./restorePipeline.ts";

/**
 * Restores a proven backup into a new project and checks that everything is there. What was begun is noted in the target:
 * the same call goes on after an interruption, with the same backup: what is committed of rows, indexes and constraints stays;
 * interrupted before the rows, it takes its own partial work away and begins anew. After the end it returns the recorded result
 * without touching anything. A target that holds any other data is refused (UserError); rows alone go into empty tables that
 * are defined as the backup's. A restored database that differs from the backup is a PromiseError; its marker stays
 * unfinished. Whatever came of it is appended to the vault's recovery log.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const outer = options.signal ?? new AbortController().signal;
  const address = parseDatabaseUrl(options.targetUrl);
  return await whileReachable(address, outer, (signal) => restoreReachable(options, signal), options.timing);
}

async function restoreReachable(options: RestoreOptions, signal: AbortSignal): Promise<RestoreResult> {
  const restoreId = restoreIdFor(options.targetUrl, options.generation, wishIn(options));
  const session = await connect(options.targetUrl, {
    applicationName: `${applicationNameOf(restoreId)} leader`,
    signal,
  });
  try {
    return await logged(session, restoreId, { ...options, signal }, async (course) => {
      const recorded = await findMarker(session, restoreId);
      if (recorded !== undefined) refuseOther(recorded, options);
      const result = finishedIn(recorded) ?? (await restoreInto(session, restoreId, { ...options, signal }, course));
      return await withProject(session, result, { ...options, signal }, course);
    });
  } catch (error) {
    throw explainTargetFault(error, session.address);
  } finally {
    await session.end();
  }
}

/**
 * Brings back what lies beside the database. Once all of it is there the marker says so, and what the app has stored since is not touched;
 * what failed or is missing is looked at again by each call.
 */
async function withProject(
  session: Session,
  result: RestoreResult,
  options: RestoreOptions & { signal: AbortSignal },
  course: Course,
): Promise<RestoreResult> {
  const { project, vault, trustedKeys, tiers, clock, reporter, signal } = options;
  const olderAuthSettings = options.olderAuthSettings === true;
  if (project === undefined || result.selection !== undefined || isBrought(result, olderAuthSettings)) return result;
  await holdTarget(session, result.restoreId, false, signal);
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  const { chosen } = chooseBackup(backups, { backupId: result.backupId });
  const older = olderThan(backups, chosen);
  const { manifest } = chosen;
  if (![chosen, ...older].some((one) => holdsProject(one.manifest))) return result;
  course.backupId = manifest.backupId;
  const timer = new PhaseTimer(reporter);
  const keepsNewer = result.finishedBefore !== undefined && !(await areStorageRowsOpen(session));
  const { notes, parts, ...brought } = await timer.run("project", "Bringing back what lies beside the database", () =>
    restoreProject({
      ...{ vault, manifest, older, opener: options.opener, project, session, keepsNewer, olderAuthSettings },
      ...{ reporter, signal },
    }),
  );
  const obsolete = [
    ...noteOfProject(manifest),
    ...(result.parts === undefined ? [] : partNotes(result.parts, manifest.backupId)),
  ];
  const whole = {
    ...result,
    finishedBefore: undefined,
    project: brought,
    parts,
    phases: [...result.phases, ...timer.phases],
    notes: [
      ...new Set([
        ...result.notes.filter((note) => !obsolete.includes(note)),
        ...walkedPastNotes(vault, manifest),
        ...partNotes(parts, manifest.backupId),
        ...notes,
      ]),
    ],
  };
  await finishMarker(session, whole, clock());
  course.timer.phases.push(...timer.phases);
  course.parts = parts;
  return whole;
}

/** Whether nothing is left to do beside the database: all is there, or an older call than this code's has brought it. */
function isBrought({ project, parts }: RestoreResult, olderAuthSettings: boolean): boolean {
  if (parts === undefined) return project !== undefined;
  return (
    !hasLosses(parts) &&
    parts.authSettings.failed === 0 &&
    !(olderAuthSettings && parts.authSettings.state === "held back")
  );
}

/** What beside target and generation makes it another restore. */
function wishIn({ selection }: RestoreOptions): string {
  return selection === undefined || selection === "everything" ? "" : ` ${selection}`;
}

/** What a restore notes while it runs, for its end. */
interface Course {
  timer: PhaseTimer;
  startedMs: number;
  /** What is to be said of it, whatever comes of it. */
  notes: string[];
  /** Of the backup that something was done with. */
  backupId?: string;
  /** What was brought beside the database. */
  parts?: RestoredParts;
}

/** Runs a restore and logs what came of it, once it has begun: the part beside the database too, by itself where only that was left. */
async function logged(
  session: Session,
  restoreId: string,
  { vault, clock, reporter, isTest }: RestoreOptions,
  work: (course: Course) => Promise<RestoreResult>,
): Promise<RestoreResult> {
  const startedAt = clock();
  const course: Course = { timer: new PhaseTimer(reporter), startedMs: performance.now(), notes: [] };
  const log = async (notes: readonly string[], failure?: unknown): Promise<string | undefined> => {
    if (isTest === true || course.backupId === undefined) return undefined;
    return await appendRecoveryLog(vault, clock, {
      what: "restore",
      restoreId,
      by: applicationNameOf(restoreId),
      backupId: course.backupId,
      target: nameOf(session.address),
      startedAt,
      phases: course.timer.phases,
      durationMs: Math.round(performance.now() - course.startedMs),
      ...(course.parts && { parts: course.parts }),
      notes,
      ...(failure === undefined ? {} : { failure }),
    });
  };
  try {
    const result = await work(course);
    const note = await log(result.notes);
    return note === undefined ? result : { ...result, notes: [...result.notes, note] };
  } catch (error) {
    const explained = explainTargetFault(error, session.address);
    await log(course.notes, explained);
    throw explained;
  }
}

async function restoreInto(
  session: Session,
  restoreId: string,
  options: RestoreOptions & { signal: AbortSignal },
  course: Course,
): Promise<RestoreResult> {
  const { vault, opener, targetUrl, clock, reporter, signal } = options;
  const { timer } = course;
  const claimed = await timer.run("claim", `Claiming ${session.address.host}:${session.address.port}`, () =>
    claim(session, restoreId, options),
  );
  if ("finished" in claimed) return claimed.finished;
  const { selected, resumedAt } = claimed;
  const { selection } = selected;
  const { withoutEventTriggers, acceptsBroaderRights } = options;
  const manifest = withoutEventTriggers === true ? manifestWithoutEventTriggers(selected.manifest) : selected.manifest;
  course.backupId = manifest.backupId;
  course.notes.push(...selected.passedOver);
  const goesOn = resumedAt !== undefined;
  // Until a restore that goes on is where it was, its marker stays there.
  let isThere = !goesOn;
  const phase = async <T>(name: string, sentence: string, work: () => Promise<T>): Promise<T> => {
    isThere ||= name === resumedAt;
    if (isThere) await noteMarkerPhase(session, restoreId, name, timer.phases);
    return await timer.run(name, sentence, work);
  };
  const { users, posts, applications, notes } = await runPhases({
    ...{ session, vault, manifest, opener, targetUrl, restoreId, selection, goesOn, phase, reporter, signal },
    ...{ withoutEventTriggers, acceptsBroaderRights },
    applicationName: applicationNameOf(restoreId),
  });
  const result: RestoreResult = {
    restoreId,
    backupId: manifest.backupId,
    snapshotAt: manifest.snapshotAt,
    phases: timer.phases,
    durationMs: Math.round(performance.now() - course.startedMs),
    tables: manifest.tables.length,
    rows: selection === "definitions" ? 0 : manifest.tables.reduce((sum, table) => sum + table.rows, 0),
    ...{ users, posts, applications },
    // What lies beside the database is missing until that is brought as well. A test restore has no project.
    notes: [
      ...new Set([...selected.passedOver, ...walkedPastNotes(vault, manifest)]),
      ...notes,
      ...(selection === "everything" && options.isTest !== true ? noteOfProject(manifest) : []),
    ],
    ...(selection === "everything" ? {} : { selection }),
  };
  await finishMarker(session, result, clock());
  return result;
}
