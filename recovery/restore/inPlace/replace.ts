import { randomBytes } from "node:crypto";

import { messageOf, PromiseError, UserError } from "../../../services/common/errors.ts";
import { refuseBlind } from "../../gate/gateSessions.ts";
import { findReplacement, type Replacement } from "../../gate/replacement.ts";
import { nameOf, namesOf } from "../../postgres/session/confirmation.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { openerFor } from "../../vault/backupSource.ts";
import { type BackupSummary, listBackups } from "../../vault/listBackups.ts";
import { rowsOf } from "../../vault/manifest.ts";
import { walkedPastNotes } from "../../vault/walkVersions.ts";
import { claimTarget, recoveryRun } from "../run/recoveryRun.ts";
import type { RestoreResult } from "../run/restoreMarker.ts";
import { refuseSuperuser, refuseUnfit } from "../run/restoreReadiness.ts";
import { selectBackup } from "../run/restoreSelection.ts";
import { holdTarget } from "../run/restoreTarget.ts";
import { workOf } from "../run/restoring.ts";
import { fetchHeldBack } from "../steps/fetchParts.ts";
import { refuseForbidden } from "./forbiddenEntries.ts";
import { describeLoss, refuseDependents, refusePublications, refuseWhatStays } from "./replaceDanger.ts";
import { beginReplacement } from "./replaceRecord.ts";
import { goBack, goOn, type ReplaceOptions, type WentBack } from "./replaceSteps.ts";

/** Name of the leading session in pg_stat_activity. */
const LEADER = "castchat-recovery replace leader";

/** What has been put back. */
export interface ReplaceResult extends Omit<RestoreResult, "project" | "finishedBefore" | "selection"> {
  /** A proven backup of what was there before. */
  safetyBackupId: string;
}

/**
 * Puts a whole live database back into the state of a backup: closes the gate, takes a safety backup, sets the present state aside,
 * restores beside it, checks, makes the new state live in one transaction, and opens the gate. After a failure the old state is put back
 * whole and the gate opens on it. After a kill the same call continues, or {@link abandon} goes back: the database records how far it is
 * (replaceRecord.ts). Meanwhile only superusers and the restoring role can connect, and other sessions of that role are ended.
 */
export async function replace(options: ReplaceOptions): Promise<ReplaceResult> {
  const { targetUrl, vault, clock, reporter, timing, signal = new AbortController().signal } = options;
  const progress = { isBegun: false };
  try {
    return await withSession(targetUrl, { applicationName: LEADER, signal, timing }, (session) =>
      recoveryRun({ what: "replacement", target: session, vault, clock, reporter }, async (run) => {
        const claiming = () => claim(session, { ...options, signal });
        const claimed = await run.timer.run("claim", `Claiming ${nameOf(session.address)}`, claiming);
        const { replacement, manifest, passedOver } = claimed;
        const { restoreId } = replacement;
        run.begin({ restoreId, backupId: manifest.backupId });
        run.notes.push(...passedOver);
        progress.isBegun = true;
        const done = await goOn(session, replacement, { ...options, manifest, run, signal });
        return {
          ...run.resultOf(restoreId, manifest),
          tables: manifest.tables.length,
          rows: rowsOf(manifest),
          ...done,
          notes: [...new Set([...passedOver, ...done.notes, ...walkedPastNotes(vault, manifest)])],
        };
      }),
    );
  } catch (error) {
    // The session that held the database is closed now, so that the way back can take it.
    throw progress.isBegun ? await withOldState(options, error) : error;
  }
}

/** Goes back from an interrupted replacement, or finishes one whose new state is live. */
export async function abandon(
  options: Pick<ReplaceOptions, "targetUrl" | "reporter" | "signal" | "timing">,
): Promise<WentBack> {
  const { targetUrl, reporter, signal, timing } = options;
  return await withSession(targetUrl, { applicationName: LEADER, signal, timing }, async (session) => {
    const recorded = await findReplacement(session);
    if (recorded === undefined) return { state: "nothing", stillClosed: false };
    await holdTarget(session, recorded.restoreId, true, signal);
    return await goBack(session, reporter);
  });
}

/** After a failure, puts the old state back and adds that to the reason. If even that fails, adds what to do. */
async function withOldState(options: ReplaceOptions, reason: unknown): Promise<unknown> {
  const isInterrupted = (reason as { name?: unknown } | undefined)?.name === "AbortError";
  try {
    options.reporter(
      isInterrupted ? "Interrupted: completing one of the two states" : "It failed: putting the old state back",
    );
    // The signal that has ended the work must not end this.
    const { state, stillClosed } = await abandon({ ...options, signal: undefined });
    const gate = stillClosed ? "writes stay stopped by `writes stop`" : "the gate is open";
    const outcome =
      state === "new" ? `the new state is live and whole, and ${gate}` : `the old state is back, whole, and ${gate}`;
    if (isInterrupted) {
      options.reporter(`Interrupted: ${outcome}`);
      return reason;
    }
    const message = `${messageOf(reason)} The database: ${outcome}.`;
    const Fault = reason instanceof UserError ? UserError : PromiseError;
    return new Fault(message, { cause: reason });
  } catch (error) {
    return new Error(`${messageOf(reason)} ${await whatIsLeft(options)} (${messageOf(error)}).`, { cause: error });
  }
}

/** How far it is, if neither state could be completed, and what to do. */
async function whatIsLeft({ targetUrl, timing }: ReplaceOptions): Promise<string> {
  const again =
    "run the same command again to continue, or run `castchat-recovery restore abandon` to go back to the old state";
  let left: Replacement | undefined;
  try {
    left = await withSession(targetUrl, { applicationName: LEADER, timing }, findReplacement);
  } catch {
    return `The database does not answer, so it is not known how far the replacement is. Once it answers, ${again}`;
  }
  if (left === undefined) return "No replacement is under way any more";
  if (left.state === "open")
    return "The new state is live and the gate is open. Run the same command again to remove what lay aside";
  if (left.state === "live")
    return "The new state is live, but the gate is still closed. Run the same command again to open it";
  return `The gate is still closed. Either ${again}`;
}

/** Takes the database for this replacement, and asks for confirmation. A replacement that was begun before keeps its backup. */
async function claim(session: Session, options: ReplaceOptions & { signal: AbortSignal }) {
  const { vault, trustedKeys, tiers, clock, signal } = options;
  await refuseSuperuser(session, options.allowsSuperuser);
  await refuseBlind(session);
  const known = await findReplacement(session);
  const restoreId = known?.restoreId ?? randomBytes(8).toString("hex");
  const recorded = await claimTarget(session, restoreId, () => findReplacement(session), signal);
  if (known !== undefined && recorded === undefined) {
    throw new UserError(
      `Another call has finished the replacement by backup ${known.backupId} meanwhile. Look at the database before you begin another.`,
    );
  }
  if (recorded?.state === "back")
    throw new UserError(
      "An earlier replacement is being taken back. Run `castchat-recovery restore abandon` to finish that first.",
    );
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  if (recorded !== undefined) refuseOtherReplacement(recorded, backups, options);
  const { manifest, passedOver } = selectBackup(backups, options, "everything", recorded);
  // Before the gate closes: the backup must be readable here.
  openerFor({ vault, manifest, opener: options.opener });
  await refuseUnfit(session, manifest);
  if (recorded === undefined) {
    await refuseWhatStays(session);
    await refuseDependents(session);
    const work = workOf(session, restoreId, manifest, options);
    await refusePublications(session, (await fetchHeldBack(work, signal)).publications);
    await refuseForbidden(work);
  }
  const lines = [...passedOver, ...(await describeLoss(session, manifest, recorded))];
  await options.confirm({ names: namesOf(session.address), lines });
  if (recorded === undefined)
    await beginReplacement(session, { restoreId, backupId: manifest.backupId, startedAt: clock() });
  const replacement = await findReplacement(session);
  if (replacement === undefined) throw new Error("the replacement's record is gone");
  return { replacement, manifest, passedOver };
}

/** UserError if another backup is asked for, by its id or by a time, than that of the replacement under way. */
function refuseOtherReplacement(
  recorded: Replacement,
  backups: readonly BackupSummary[],
  { backupId, at }: Pick<ReplaceOptions, "backupId" | "at">,
): void {
  const wanted = at === undefined ? backupId : selectBackup(backups, { backupId, at }, "everything").manifest.backupId;
  if (wanted === undefined || wanted === recorded.backupId) return;
  throw new UserError(
    `A replacement by backup ${recorded.backupId} is under way, not by ${wanted}. Continue that one, or run \`castchat-recovery restore abandon\` to go back first.`,
  );
}
