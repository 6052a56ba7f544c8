import { noteOfCollation } from "../../postgres/catalog/serverCollation.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { parseDatabaseUrl, placeOf } from "../../postgres/session/databaseUrl.ts";
import { whileReachable } from "../../postgres/session/reachable.ts";
import { noteOfProject } from "../../project/restoreProject.ts";
import { rowsOf } from "../../vault/manifest.ts";
import { walkedPastNotes } from "../../vault/walkVersions.ts";
import { type RecoveryRun, recoveryRun } from "../run/recoveryRun.ts";
import { claim, refuseOtherRestore } from "../run/restoreClaim.ts";
import {
  findMarker,
  finishedIn,
  finishMarker,
  noteMarkerPhase,
  restoreIdFor,
  type RestoreResult,
} from "../run/restoreMarker.ts";
import type { RestoreOptions } from "../run/restoreOptions.ts";
import type { Selection } from "../run/restoreSelection.ts";
import { applicationNameOf } from "../run/restoreTarget.ts";
import { type Recipe, workOf } from "../run/restoring.ts";
import { manifestWithoutEventTriggers } from "../steps/eventTriggers.ts";
import { definitionsOnly } from "./definitionsOnly.ts";
import { intoEmpty } from "./intoEmpty.ts";
import { restoreProjectPart } from "./restoreProjectPart.ts";
import { rowsOnly } from "./rowsOnly.ts";

const RECIPES: Readonly<Record<Selection, Recipe>> = {
  everything: intoEmpty,
  definitions: definitionsOnly,
  rows: rowsOnly,
};

/**
 * Restores a proven backup into a new project and checks that everything is there. The target keeps a record of the run, so that the same
 * call resumes after an interruption, with the same backup: committed rows, indexes and constraints stay. A run that was interrupted before
 * the rows removes its own partial work and starts again. Once finished, the call returns the recorded result and changes nothing.
 *
 * A target with other data is a UserError; rows without definitions go into empty tables with the backup's definitions. A restored database
 * that differs from the backup is a PromiseError, and its marker stays unfinished. Every outcome is appended to the vault's recovery log.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const outer = options.signal ?? new AbortController().signal;
  const address = parseDatabaseUrl(options.targetUrl);
  const restoring = (signal: AbortSignal) => restoreReachable({ ...options, signal });
  return await whileReachable(address, outer, restoring, options.timing);
}

async function restoreReachable(options: RestoreOptions & { signal: AbortSignal }): Promise<RestoreResult> {
  const { targetUrl, generation, vault, clock, reporter, signal, timing, isTest } = options;
  const wish = options.selection === undefined || options.selection === "everything" ? "" : ` ${options.selection}`;
  const restoreId = restoreIdFor(targetUrl, generation, wish);
  const applicationName = `${applicationNameOf(restoreId)} leader`;
  return await withSession(targetUrl, { applicationName, signal, timing }, (session) =>
    recoveryRun(
      { what: "restore", target: session, vault, clock, reporter, isLogged: isTest !== true },
      async (run) => {
        const recorded = await findMarker(session, restoreId);
        if (recorded !== undefined)
          refuseOtherRestore({ ...recorded, snapshotAt: recorded.result?.snapshotAt }, options);
        const result = finishedIn(recorded) ?? (await restoreInto(session, restoreId, options, run));
        return await restoreProjectPart(session, result, options, run);
      },
    ),
  );
}

async function restoreInto(
  session: Session,
  restoreId: string,
  options: RestoreOptions & { signal: AbortSignal },
  run: RecoveryRun,
): Promise<RestoreResult> {
  const { vault, clock, reporter, warn = reporter, withoutEventTriggers, acceptsBroaderRights, isTest } = options;
  const claiming = `Claiming ${placeOf(session.address)}`;
  const claimed = await run.timer.run("claim", claiming, () => claim(session, restoreId, options));
  if ("finished" in claimed) return claimed.finished;
  const { selected, resumedAt } = claimed;
  const { selection, passedOver } = selected;
  const manifest = withoutEventTriggers === true ? manifestWithoutEventTriggers(selected.manifest) : selected.manifest;
  run.begin({ restoreId, backupId: manifest.backupId });
  // At once, since a definition may fail for it.
  const ofCollation = await noteOfCollation(session, manifest.source.collation);
  for (const note of ofCollation) warn(note);
  run.notes.push(...passedOver, ...ofCollation);
  const { users, posts, applications, notes, lost } = await RECIPES[selection]({
    ...workOf(session, restoreId, manifest, options),
    isResumed: resumedAt !== undefined,
    phase: run.phases(resumedAt, (name, before) => noteMarkerPhase(session, restoreId, name, before)),
    withoutEventTriggers,
    acceptsBroaderRights,
    isTest,
  });
  const result: RestoreResult = {
    ...run.resultOf(restoreId, manifest),
    tables: manifest.tables.length,
    rows: selection === "definitions" ? 0 : rowsOf(manifest),
    users,
    posts,
    applications,
    lost,
    notes: [
      ...new Set([...passedOver, ...walkedPastNotes(vault, manifest)]),
      ...notes,
      ...ofCollation,
      // The parts outside the database are still missing. A test restore has no project.
      ...(selection === "everything" && options.isTest !== true ? noteOfProject(manifest) : []),
    ],
    ...(selection === "everything" ? {} : { selection }),
  };
  await finishMarker(session, result, clock());
  return result;
}
