import { UserError } from "../../../services/common/errors.ts";
import { refuseHalfState } from "../../gate/replacement.ts";
import { findPgTool } from "../../postgres/programs/pgTools.ts";
import type { Session } from "../../postgres/session/database.ts";
import { passedOverBefore } from "../../vault/chooseBackup.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { JOURNALED_PHASES } from "./journal.ts";
import { beginMarker, findMarker, finishedIn, type RestoreResult } from "./restoreMarker.ts";
import type { RestoreOptions } from "./restoreOptions.ts";
import {
  refuseData,
  refuseOlderServer,
  refuseSuperuser,
  refuseUnlike,
  refuseWithoutRealtime,
} from "./restoreReadiness.ts";
import { selectBackup, type Selected } from "./restoreSelection.ts";
import { holdTarget, refuseRows, wipeTarget } from "./restoreTarget.ts";

/** Makes the target this restore's own and decides what is restored, and where an interrupted one goes on. */
export async function claim(
  session: Session,
  restoreId: string,
  options: RestoreOptions & { signal: AbortSignal },
): Promise<{ selected: Selected; resumedAt: string | undefined } | { finished: RestoreResult }> {
  const { vault, trustedKeys, tiers, clock, reporter, signal, warn = reporter } = options;
  await refuseSuperuser(session, options.allowsSuperuser);
  await holdTarget(session, restoreId, (await findMarker(session, restoreId)) !== undefined, signal);
  await refuseHalfState(session);
  const marker = await findMarker(session, restoreId);
  // Another call has finished it while this one waited for the target.
  const finished = finishedIn(marker);
  if (marker !== undefined && finished !== undefined) {
    refuseOther(marker, options);
    return { finished };
  }
  if (marker === undefined && options.selection !== "rows" && options.backupId === undefined) await refuseData(session);
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  // A restore that goes on keeps its backup, also when a newer one has come meanwhile.
  const choice = marker === undefined ? options : { backupId: marker.backupId };
  const picked = selectBackup(backups, choice, options.selection);
  // What the interrupted call has passed over, this one has to say again.
  const passedOver =
    marker === undefined
      ? picked.passedOver
      : passedOverBefore(backups, picked.chosen, { ...options, startedAt: marker.startedAt });
  const selected: Selected = { ...picked, passedOver };
  const { manifest, selection } = selected;
  for (const sentence of passedOver) warn(sentence);
  if (marker !== undefined) refuseOther({ ...marker, snapshotAt: manifest.snapshotAt }, options);
  refuseOlderServer(session, manifest);
  await refuseWithoutRealtime(session, manifest);
  await findPgTool("pg_restore", session.serverMajor);
  if (marker !== undefined && JOURNALED_PHASES.includes(marker.phase)) {
    reporter(`Going on with ${WORK[marker.phase] ?? marker.phase} of ${manifest.backupId}`);
    return { selected, resumedAt: marker.phase };
  }
  if (selection === "rows") await refuseUnlike(session, manifest);
  else if (marker === undefined) await refuseData(session);
  if (marker !== undefined && selection !== "rows") await refuseRows(session);
  await beginMarker(session, restoreId, manifest.backupId, clock());
  // Of what was made before the rows nobody knows how far it got.
  if (marker !== undefined && selection !== "rows") {
    reporter(`Taking away what an interrupted restore of ${marker.backupId} left in phase "${marker.phase}"`);
    await wipeTarget(session);
  }
  return { selected, resumedAt: undefined };
}

/** UserError where another backup is asked for than the one that the target has, or is about to have. */
export function refuseOther(
  recorded: { backupId: string; snapshotAt?: string; result?: RestoreResult | undefined },
  { backupId, at }: Pick<RestoreOptions, "backupId" | "at">,
): void {
  const snapshotAt = recorded.snapshotAt ?? recorded.result?.snapshotAt;
  const isLater = at !== undefined && snapshotAt !== undefined && new Date(snapshotAt) > at;
  if (!isLater && (backupId === undefined || backupId === recorded.backupId)) return;
  const wish = isLater ? `one of ${at.toISOString()} or before` : String(backupId);
  throw new UserError(
    `A restore of ${recorded.backupId} was begun in this database, not of ${wish}: name no other backup, or restore into a new project with a new generation.`,
  );
}

const WORK: Readonly<Record<string, string>> = {
  data: "the rows",
  constraints: "the indexes and constraints",
  checks: "the checks",
};
