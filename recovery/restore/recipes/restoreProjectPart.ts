import { PhaseTimer } from "../../../services/common/phases.ts";
import type { Session } from "../../postgres/session/database.ts";
import { hasLosses, partNotes } from "../../project/restoredParts.ts";
import { holdsProject, noteOfProject, restoreProject } from "../../project/restoreProject.ts";
import { areStorageRowsOpen } from "../../project/storageRows.ts";
import { chooseBackup, olderThan } from "../../vault/chooseBackup.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { walkedPastNotes } from "../../vault/walkVersions.ts";
import type { RecoveryRun } from "../run/recoveryRun.ts";
import { finishMarker, type RestoreResult } from "../run/restoreMarker.ts";
import type { RestoreOptions } from "../run/restoreOptions.ts";
import { holdTarget } from "../run/restoreTarget.ts";

/**
 * Restores the parts of the project outside the database. Each call tries again what has failed or is missing. Once all is there, the
 * marker says so, and what the app has stored since stays untouched.
 */
export async function restoreProjectPart(
  session: Session,
  result: RestoreResult,
  options: RestoreOptions & { signal: AbortSignal },
  run: RecoveryRun,
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
  run.begin({ restoreId: result.restoreId, backupId: manifest.backupId });
  const timer = new PhaseTimer(reporter);
  const keepsNewer = result.finishedBefore !== undefined && !(await areStorageRowsOpen(session));
  const { notes, parts, ...brought } = await timer.run(
    "project",
    "Restoring storage objects, functions and auth settings",
    () =>
      restoreProject({
        vault,
        manifest,
        older,
        opener: options.opener,
        project,
        session,
        keepsNewer,
        olderAuthSettings,
        reporter,
        signal,
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
  run.timer.phases.push(...timer.phases);
  run.parts = parts;
  return whole;
}

/** Whether nothing is left to do outside the database: all is there, or a call of an older version has brought it. */
function isBrought({ project, parts }: RestoreResult, olderAuthSettings: boolean): boolean {
  if (parts === undefined) return project !== undefined;
  return !hasLosses(parts) && !(olderAuthSettings && parts.authSettings.state === "held back");
}
