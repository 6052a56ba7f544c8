import { PromiseError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { PhaseTimer } from "../../../services/common/phases.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { forgetSchemaChanges } from "../../gate/gateRecord.ts";
import { findReplacement, type Replacement } from "../../gate/replacement.ts";
import { closeGate, openGate } from "../../gate/writeGate.ts";
import { reloadApiSchema } from "../../postgres/catalog/apiCache.ts";
import { type ContentCounts, countContent } from "../../postgres/catalog/catalog.ts";
import { differencesOfObjects } from "../../postgres/catalog/compareDefinitions.ts";
import { listAllPublications } from "../../postgres/catalog/heldBack.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { restoreVaultSecrets } from "../../postgres/catalog/vaultSecrets.ts";
import type { Confirm } from "../../postgres/session/confirmation.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { inTransaction, withSavepoint } from "../../postgres/session/transaction.ts";
import { holdsProject } from "../../project/restoreProject.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { inPlace, type RestoredInPlace } from "../recipes/inPlace.ts";
import { planPublication } from "../release/releasePublications.ts";
import { broaderRights } from "../rights/broaderRights.ts";
import { takeBackRoles } from "../rights/lentRoles.ts";
import { bringPlatformRights } from "../rights/restorePlatformRights.ts";
import { clearJournal, JOURNALED_PHASES } from "../run/journal.ts";
import type { RecoveryRun } from "../run/recoveryRun.ts";
import type { RestoreFrom } from "../run/restoreOptions.ts";
import { dropRelations, removeLargeObjects, wipeTarget } from "../run/restoreTarget.ts";
import { workOf } from "../run/restoring.ts";
import { fillViews } from "../steps/restoreState.ts";
import { cutOff, dropAside, putBack, setAside } from "./replaceAside.ts";
import { keptToOurselves } from "./replaceGuard.ts";
import { endReplacement, noteReplacement } from "./replaceRecord.ts";

/** Which database is put back into which state. */
export interface ReplaceOptions extends RestoreFrom {
  /** Connection string of the live database's role `postgres`, which owns the database. */
  targetUrl: string;
  /** Asked before anything is changed. */
  confirm: Confirm;
  /** Takes a proven backup of the present state and returns its id. */
  saveFirst: (reporter: Reporter, signal: AbortSignal) => Promise<string>;
  /** Succeeds even if a right is broader than the source's and cannot be revoked (broaderRights.ts). Notes name it. */
  acceptsBroaderRights?: boolean;
}

/** A replacement that has chosen its backup. */
export interface Replacing extends ReplaceOptions {
  manifest: Manifest;
  run: RecoveryRun;
  signal: AbortSignal;
}

/** The outcome of a replacement that was given up. */
export interface WentBack {
  /** Which state is live; "nothing" if no replacement was under way. */
  state: "nothing" | "old" | "new";
  /** Whether `writes stop` still keeps the gate closed. */
  stillClosed: boolean;
}

/** The outcome of a replacement. */
export interface Replaced extends ContentCounts {
  safetyBackupId: string;
  notes: string[];
  /** Content of the backup that the database did not take, in sentences. */
  lost: string[];
}

/** Takes every step that is left. The note of a step is committed together with its changes. */
export async function goOn(session: Session, replacement: Replacement, options: Replacing): Promise<Replaced> {
  const { run, reporter, signal } = options;
  const { timer } = run;
  const holder = replacement.restoreId;
  let { state, memory, safetyBackupId } = replacement;
  const notes: string[] = [];
  const lost: string[] = [];
  if (state === "begun") {
    await timer.run("gate", "Closing the gate to writes", async () => {
      await closeGate(session, { holder, level: "writes", signal });
      await noteReplacement(session, { state: "closed" });
    });
    state = "closed";
  }
  if (state === "closed") {
    safetyBackupId = await timer.run("safety backup", "Taking a backup of the present state", () =>
      options.saveFirst(reporter, signal),
    );
    await noteReplacement(session, { state: "saved", safetyBackupId });
    reporter(`The present state is saved as ${safetyBackupId}`);
    state = "saved";
  }
  if (state === "saved") {
    memory = await timer.run("aside", "Setting the present state aside", async () => {
      await closeGate(session, { holder, level: "all", signal });
      return await keptToOurselves(holder, options, () =>
        inTransaction(session, async () => {
          const remembered = await setAside(session);
          await noteReplacement(session, { state: "aside", memory: remembered });
          return remembered;
        }),
      );
    });
    state = "aside";
  }
  if (state === "aside") {
    if (memory === undefined) throw new Error("the replacement has no memory of what lies aside");
    const restored = await restoreBeside(session, replacement, memory.granted, options);
    notes.push(...restored.notes);
    lost.push(...restored.lost);
    if (options.manifest.jobs.length > 0)
      notes.push("Scheduled jobs are as they were in the database, not as in the backup. Compare them by hand.");
    if (holdsProject(options.manifest))
      notes.push(
        "Only the rows of storage are the backup's. The bytes of storage objects, the edge functions and the auth settings are as they were in the project. Compare them by hand.",
      );
    const switching = () => inTransaction(session, () => makeLive(session, holder, options, restored));
    const found = await timer.run("switch", "Making the new state live", () =>
      keptToOurselves(holder, options, switching),
    );
    notes.push(...found);
  }
  const counts = await countContent(session);
  const { left, stillClosed } = await finish(session, replacement, timer, signal);
  notes.push(...left, ...(stillClosed ? [STAYS_STOPPED] : []));
  return { ...counts, safetyBackupId: safetyBackupId ?? "", notes, lost };
}

/** Restores the backup in place of the old state. */
async function restoreBeside(
  session: Session,
  { restoreId, phase }: Replacement,
  granted: readonly string[],
  options: Replacing,
): Promise<RestoredInPlace> {
  const { manifest, run, reporter } = options;
  const resumedAt = JOURNALED_PHASES.includes(phase) ? phase : undefined;
  if (resumedAt === undefined && phase !== "") {
    reporter(`Removing what an interrupted restore left in phase "${phase}"`);
    await wipeTarget(session);
    await clearJournal(session, restoreId);
  }
  const restoring = {
    ...workOf(session, restoreId, manifest, options),
    isResumed: resumedAt !== undefined,
    phase: run.phases(resumedAt, (name) => noteReplacement(session, { phase: name })),
  };
  return await keptToOurselves(restoreId, options, (signal) => inPlace({ ...restoring, signal }, { granted }));
}

/** Makes the new state the only one, and compares every definition and right at the end. */
async function makeLive(
  session: Session,
  holder: string,
  { manifest, acceptsBroaderRights }: Replacing,
  { heldBack, settle, platformRights, publications, vaultSecrets, notes }: RestoredInPlace,
): Promise<string[]> {
  await quietEventTriggers(session);
  // The gate revoked it. A backup does not contain it, since every new database has it.
  await session.query("grant usage on schema public to public");
  await session.query(heldBack);
  const found = await bringPlatformRights(session, manifest, platformRights);
  found.push(
    ...(await fillViews(session, manifest, (command) => withSavepoint(session, () => session.query(command)))),
  );
  if (settle !== "") await session.query(settle);
  const there = new Map((await listAllPublications(session)).map((one) => [one.name, one]));
  for (const publication of publications) {
    for (const statement of planPublication(publication, there.get(publication.name)).statements)
      await session.query(statement);
  }
  // The vault may have triggers that encrypt its secrets.
  await session.query("set local session_replication_role = origin");
  await restoreVaultSecrets(session, vaultSecrets);
  await quietEventTriggers(session);
  await cutOff(session);
  const differences = [
    ...(await differencesOfObjects(session, manifest)),
    ...(acceptsBroaderRights === true ? [] : await broaderRights(session, manifest)),
  ];
  if (differences.length > 0) {
    throw new PromiseError(
      `The restored database is not what backup ${manifest.backupId} holds: ${named(differences)}${notes.length > 0 ? ` (${notes.join(" ")})` : ""}.`,
    );
  }
  await forgetSchemaChanges(session, holder);
  await noteReplacement(session, { state: "live" });
  return found;
}

/** Opens the gate on the new state and drops what lies aside. `left` is a sentence if another session holds some of that. */
async function finish(
  session: Session,
  replacement: Replacement,
  timer: PhaseTimer,
  signal?: AbortSignal,
): Promise<{ left: string[]; stillClosed: boolean }> {
  const { stillClosed } = await timer.run("open", "Opening the gate on the new state", async () => {
    const opened = await openGate(session, replacement.restoreId, signal);
    await noteReplacement(session, { state: "open" });
    await reloadApiSchema(session);
    return opened;
  });
  const left = await timer.run("clean up", "Removing what lay aside", async () => {
    try {
      await dropAside(session);
    } catch (error) {
      if (sqlStateOf(error) !== SQLSTATE.LOCK_NOT_AVAILABLE) throw error;
      return [STAYS_ASIDE];
    }
    await endReplacement(session, replacement.restoreId);
    return [];
  });
  return { left, stillClosed };
}

const STAYS_ASIDE =
  "The new state is live. Another session locks some objects of the old one, so they are still there. Run `castchat-recovery restore abandon` later to remove it.";
/** A replacement does not allow writes that an engineer has stopped. */
export const STAYS_STOPPED =
  "Writes stay stopped by `writes stop`. To allow them again, run `castchat-recovery writes allow`.";

/** Puts the old state back and opens the gate on it. If the new state is live already, finishes the replacement instead. */
export async function goBack(session: Session, reporter: Reporter): Promise<WentBack> {
  const replacement = await findReplacement(session);
  if (replacement === undefined) return { state: "nothing", stillClosed: false };
  if (replacement.state === "live" || replacement.state === "open") {
    const { left, stillClosed } = await finish(session, replacement, new PhaseTimer(reporter));
    for (const note of left) reporter(note);
    return { state: "new", stillClosed };
  }
  const { memory } = replacement;
  if (replacement.state === "aside") {
    if (memory === undefined) throw new Error("the replacement has no memory of what lies aside");
    reporter("Putting back what lies aside");
    // From here on the restore cannot be resumed, only started again.
    if (JOURNALED_PHASES.includes(replacement.phase)) await noteReplacement(session, { phase: "download" });
    // Copies of the old ones lie aside.
    await removeLargeObjects(session);
    await dropRelations(session);
    await inTransaction(session, async () => {
      await putBack(session, memory);
      await takeBackRoles(session, memory.granted);
      await noteReplacement(session, { state: "back" });
    });
  } else {
    // Before the gate opens: a later run must not take the safety backup for the present state.
    await noteReplacement(session, { state: "back" });
  }
  reporter("Opening the gate on the old state");
  const { stillClosed } = await openGate(session, replacement.restoreId);
  await reloadApiSchema(session);
  await endReplacement(session, replacement.restoreId);
  return { state: "old", stillClosed };
}
