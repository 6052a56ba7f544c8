import { PromiseError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { PhaseTimer } from "../../../services/common/phases.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { forgetSchemaChanges } from "../../gate/gateRecord.ts";
import { findReplacement, type Memory, type Replacement } from "../../gate/replacement.ts";
import { closeGate, openGate } from "../../gate/writeGate.ts";
import { reloadApiSchema } from "../../postgres/catalog/apiCache.ts";
import { type ContentCounts, countContent } from "../../postgres/catalog/catalog.ts";
import { differencesOfObjects } from "../../postgres/catalog/compareDefinitions.ts";
import { listAllPublications } from "../../postgres/catalog/heldBack.ts";
import { quietEventTriggers } from "../../postgres/catalog/replicaRole.ts";
import { restoreVaultSecrets } from "../../postgres/catalog/vaultSecrets.ts";
import type { Session } from "../../postgres/session/database.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import { holdsProject } from "../../project/restoreProject.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { inPlace, type RestoredInPlace } from "../recipes/inPlace.ts";
import { planPublication } from "../release/releasePublications.ts";
import { broaderRights } from "../rights/broaderRights.ts";
import { bringPlatformRights } from "../rights/restorePlatformRights.ts";
import { clearJournal, JOURNALED_PHASES } from "../run/journal.ts";
import type { RecoveryRun } from "../run/recoveryRun.ts";
import { applicationNameOf, dropRelations, removeLargeObjects, wipeTarget } from "../run/restoreTarget.ts";
import { cutOff, dropAside, putBack, setAside } from "./replaceAside.ts";
import { keptToOurselves } from "./replaceGuard.ts";
import type { ReplaceOptions } from "./replaceOptions.ts";
import { endReplacement, noteReplacement } from "./replaceRecord.ts";
import { takeBackRoles } from "./replaceRoles.ts";

/** A replacement that has decided by what. */
export interface Replacing extends ReplaceOptions {
  manifest: Manifest;
  run: RecoveryRun;
  signal: AbortSignal;
}

/** Where a replacement that was given up has ended. */
export interface WentBack {
  /** Which state is live; "nothing" where no replacement was under way. */
  state: "nothing" | "old" | "new";
  /** Whether `writes stop` keeps the gate closed all the same. */
  stillClosed: boolean;
}

/** What came of it. */
export interface Replaced extends ContentCounts {
  safetyBackupId: string;
  notes: string[];
}

/** Takes every step that is left, each noted together with what it does. */
export async function goOn(session: Session, replacement: Replacement, options: Replacing): Promise<Replaced> {
  const { run, reporter, signal } = options;
  const { timer } = run;
  const holder = replacement.restoreId;
  let { state, memory, safetyBackupId } = replacement;
  const notes: string[] = [];
  if (state === "begun") {
    await timer.run("gate", "Closing the gate: from now on nobody writes", async () => {
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
    const restored = await restoreBeside(session, replacement, memory, options);
    notes.push(...restored.notes);
    if (options.manifest.jobs.length > 0)
      notes.push("Scheduled jobs are as they were in the database, not as in the backup: compare them by hand.");
    if (holdsProject(options.manifest))
      notes.push(
        "The rows of storage are the backup's; the bytes of storage objects, the edge functions and the auth settings are as they were in the project: compare them by hand.",
      );
    const found = await timer.run("switch", "Making the new state live", () =>
      keptToOurselves(holder, options, () =>
        inTransaction(session, () => makeLive(session, holder, options, restored)),
      ),
    );
    notes.push(...found);
    state = "live";
  }
  const counts = await countContent(session);
  const { left, stillClosed } = await finish(session, replacement, timer, signal);
  notes.push(...left, ...(stillClosed ? [STAYS_STOPPED] : []));
  return { ...counts, safetyBackupId: safetyBackupId ?? "", notes };
}

/** Restores the backup where the old state was. */
async function restoreBeside(
  session: Session,
  replacement: Replacement,
  memory: Memory,
  options: Replacing,
): Promise<RestoredInPlace> {
  const { restoreId } = replacement;
  const { vault, opener, manifest, targetUrl, run, reporter } = options;
  const resumedAt = JOURNALED_PHASES.includes(replacement.phase) ? replacement.phase : undefined;
  if (resumedAt === undefined && replacement.phase !== "") {
    reporter(`Taking away what an interrupted restore left in phase "${replacement.phase}"`);
    await wipeTarget(session);
    await clearJournal(session, restoreId);
  }
  return await keptToOurselves(restoreId, options, (inner) =>
    inPlace(
      {
        ...{ session, targetUrl, restoreId, applicationName: applicationNameOf(restoreId), vault, manifest, opener },
        isResumed: resumedAt !== undefined,
        phase: run.phases(resumedAt, (name) => noteReplacement(session, { phase: name })),
        reporter,
        signal: inner,
      },
      { granted: memory.granted },
    ),
  );
}

/** All that makes the new state the only one, with a last comparison of every definition and right. */
async function makeLive(
  session: Session,
  holder: string,
  { manifest, acceptsBroaderRights }: Replacing,
  { heldBack, platformRights, publications, vaultSecrets, notes }: RestoredInPlace,
): Promise<string[]> {
  await quietEventTriggers(session);
  // What the gate took from PUBLIC, and no backup mentions since it is so by itself.
  await session.query("grant usage on schema public to public");
  await session.query(heldBack);
  const found = await bringPlatformRights(session, manifest, platformRights);
  const there = new Map((await listAllPublications(session)).map((one) => [one.name, one]));
  for (const publication of publications) {
    for (const statement of planPublication(publication, there.get(publication.name)).statements)
      await session.query(statement);
  }
  // The vault may have triggers that seal what it is given.
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

/** The new state is live: opens the gate on it and takes away what lies aside. `left` is a sentence where somebody holds some of that. */
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
  const left = await timer.run("clean up", "Taking away what lay aside", async () => {
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
  "The new state is live, but some of what lay aside is held by another session and still there: run `castchat-recovery restore abandon` later to remove it.";
/** What an engineer has stopped, no replacement allows. */
export const STAYS_STOPPED =
  "Writes stay stopped by `writes stop`: `castchat-recovery writes allow` lets everybody in again.";

/** Brings the old state back and opens the gate on it; where the new one is live already, finishes that. */
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
    // From here on nobody can go on with what was restored, only begin it anew.
    if (JOURNALED_PHASES.includes(replacement.phase)) await noteReplacement(session, { phase: "download" });
    // Copies of those that were there lie aside.
    await removeLargeObjects(session);
    await dropRelations(session);
    await inTransaction(session, async () => {
      await putBack(session, memory);
      await takeBackRoles(session, memory.granted);
      await noteReplacement(session, { state: "back" });
    });
  } else {
    // Before anybody can write: whoever goes on later must not take the safety backup for the present state.
    await noteReplacement(session, { state: "back" });
  }
  reporter("Opening the gate on the old state");
  const { stillClosed } = await openGate(session, replacement.restoreId);
  await reloadApiSchema(session);
  await endReplacement(session, replacement.restoreId);
  return { state: "old", stillClosed };
}
