import { UserError } from "../../../services/common/errors.ts";
import { refuseHalfState } from "../../gate/replacement.ts";
import type { Session } from "../../postgres/session/database.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { JOURNALED_PHASES } from "./journal.ts";
import { claimTarget } from "./recoveryRun.ts";
import { beginMarker, findMarker, finishedIn, type RestoreResult } from "./restoreMarker.ts";
import type { RestoreOptions } from "./restoreOptions.ts";
import { awaitRealtime, refuseData, refuseSuperuser, refuseUnfit, refuseUnlike } from "./restoreReadiness.ts";
import { otherWish, selectBackup, type Selected, type Wish } from "./restoreSelection.ts";
import { refuseRows, wipeTarget } from "./restoreTarget.ts";

/** The journaled phases in words. */
const WORK: Readonly<Record<string, string>> = {
  data: "the rows",
  constraints: "the indexes and constraints",
  checks: "the checks",
};

/** Takes the target for this restore. Decides what is restored, and in which phase an interrupted restore resumes. */
export async function claim(
  session: Session,
  restoreId: string,
  options: RestoreOptions & { signal: AbortSignal },
): Promise<{ selected: Selected; resumedAt: string | undefined } | { finished: RestoreResult }> {
  const { vault, trustedKeys, tiers, clock, reporter, signal, warn = reporter } = options;
  await refuseSuperuser(session, options.allowsSuperuser);
  const marker = await claimTarget(session, restoreId, () => findMarker(session, restoreId), signal);
  await refuseHalfState(session);
  // Another call may have finished the restore while this one waited for the target.
  const finished = finishedIn(marker);
  if (finished !== undefined) {
    refuseOtherRestore(finished, options);
    return { finished };
  }
  if (marker === undefined && options.selection !== "rows" && options.backupId === undefined) await refuseData(session);
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  const selected = selectBackup(backups, options, options.selection, marker);
  const { manifest, selection, passedOver } = selected;
  for (const sentence of passedOver) warn(sentence);
  if (marker !== undefined) refuseOtherRestore(manifest, options);
  await refuseUnfit(session, manifest);
  await awaitRealtime(session, manifest, { reporter, signal });
  if (marker !== undefined && JOURNALED_PHASES.includes(marker.phase)) {
    reporter(`Continuing with ${WORK[marker.phase] ?? marker.phase} of ${manifest.backupId}`);
    return { selected, resumedAt: marker.phase };
  }
  if (selection === "rows") await refuseUnlike(session, manifest);
  else if (marker === undefined) await refuseData(session);
  else await refuseRows(session);
  await beginMarker(session, restoreId, manifest.backupId, clock());
  // No record says how far the work before the rows has come.
  if (marker !== undefined && selection !== "rows") {
    reporter(`Removing what an interrupted restore of ${marker.backupId} left in phase "${marker.phase}"`);
    await wipeTarget(session);
  }
  return { selected, resumedAt: undefined };
}

/** UserError if another backup is asked for than the one that the target has or is about to get. */
export function refuseOtherRestore(recorded: { backupId: string; snapshotAt?: string | undefined }, wish: Wish): void {
  const wanted = otherWish(recorded, wish);
  if (wanted === undefined) return;
  throw new UserError(
    `A restore of ${recorded.backupId} was begun in this database, not of ${wanted}. Name no other backup, or restore into a new project with a new generation.`,
  );
}
