import { createHash } from "node:crypto";

import { PromiseError } from "../../../services/common/errors.ts";
import { PhaseTimer } from "../../../services/common/phases.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { refuseReplacement } from "../../gate/replacement.ts";
import { nameOf, namesOf } from "../../postgres/session/confirmation.ts";
import { connect, type Session } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import { chooseBackup } from "../../vault/chooseBackup.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { appendRecoveryLog } from "../../vault/recoveryLog.ts";
import { walkedPastNotes } from "../../vault/walkVersions.ts";
import { readJournal } from "../run/journal.ts";
import { explainTargetFault } from "../run/restoreFaults.ts";
import { applicationNameOf, holdTarget } from "../run/restoreTarget.ts";
import { restoreRows } from "../steps/restoreRows.ts";
import type { RestoreTablesOptions, RestoreTablesResult } from "./restoreTablesOptions.ts";
import { differencesIn, planTables } from "./restoreTablesPlan.ts";
import { beginRecord, findRecord, takeAwayRecord } from "./restoreTablesRecord.ts";
import { type Swapped, swapRows } from "./restoreTablesSwap.ts";
import type { TableBeside } from "./tableBeside.ts";

/**
 * Replaces the rows of some tables of a live database by a backup's: brings them beside, compares them there, then swaps them
 * in one transaction, in which neither triggers nor foreign keys act. Until that commits the app sees its own rows; after
 * it, the backup's. Refuses (UserError) tables that are defined otherwise than in the backup, and a swap that would leave rows
 * which refer to none. What is brought beside stays after an interruption, and the same call goes on with it; after a
 * failure it is taken away.
 */
export async function restoreTables(options: RestoreTablesOptions): Promise<RestoreTablesResult> {
  const signal = options.signal ?? new AbortController().signal;
  const restoreId = idFor(options);
  const session = await connect(options.targetUrl, {
    applicationName: `${applicationNameOf(restoreId)} leader`,
    signal,
  });
  const { clock, vault } = options;
  const course: Course = {
    timer: new PhaseTimer(options.reporter),
    startedAt: clock(),
    started: performance.now(),
    notes: [],
  };
  const log = (notes: readonly string[], failure?: unknown) =>
    appendRecoveryLog(vault, clock, {
      what: "restore of tables",
      restoreId,
      by: applicationNameOf(restoreId),
      backupId: course.backupId,
      target: nameOf(session.address),
      startedAt: course.startedAt,
      phases: course.timer.phases,
      durationMs: Math.round(performance.now() - course.started),
      notes,
      ...(failure === undefined ? {} : { failure }),
    });
  try {
    const result = await replaceRows(session, restoreId, { ...options, signal }, course);
    const note = await log(result.notes);
    return note === undefined ? result : { ...result, notes: [...result.notes, note] };
  } catch (error) {
    const explained = explainTargetFault(error, session.address);
    if (course.backupId !== undefined) await log(course.notes, explained);
    throw explained;
  } finally {
    await session.end();
  }
}

/** What a run notes for its end. */
interface Course {
  timer: PhaseTimer;
  startedAt: Date;
  started: number;
  /** What is to be said of it, whatever comes of it. */
  notes: string[];
  backupId?: string;
}

async function replaceRows(
  session: Session,
  restoreId: string,
  options: RestoreTablesOptions & { signal: AbortSignal },
  course: Course,
): Promise<RestoreTablesResult> {
  const { targetUrl, reporter, signal } = options;
  const { timer } = course;
  const applicationName = applicationNameOf(restoreId);
  const place = nameOf(session.address);
  await holdTarget(session, restoreId, (await findRecord(session, restoreId)) !== undefined, signal);
  await refuseReplacement(session);
  let record = await findRecord(session, restoreId);
  if (record?.result !== undefined) {
    // The swap is committed; only what lies beside is left to be taken away.
    await takeAwayRecord(session, restoreId);
    if (isOfWish(record.result, options)) {
      course.backupId = record.backupId;
      return { ...record.result, notes: [...record.result.notes, SWAPPED_BEFORE] };
    }
    record = undefined;
  }

  const { source, tables } = await timer.run("plan", `Comparing the tables of ${place} with the backup's`, async () => {
    const { source: found, passedOver } = await chooseSource(options, record?.backupId);
    course.notes.push(...passedOver);
    return { source: found, tables: await planTables(session, restoreId, options.tables, found.manifest) };
  });
  const { manifest } = source;
  await options.confirm({
    names: namesOf(session.address),
    lines: [
      ...course.notes,
      ...tables.map(
        ({ table, rowsNow }) =>
          `${tableName(table)}: its ${rowsNow} rows are deleted, and the ${table.rows} of ${manifest.snapshotAt} take their place.`,
      ),
    ],
  });
  course.backupId = manifest.backupId;
  try {
    if (record?.backupId !== manifest.backupId) {
      if (record !== undefined) await takeAwayRecord(session, restoreId);
      await beginRecord(session, { restoreId, backupId: manifest.backupId, tables, startedAt: course.startedAt });
    }
    const rows = tables.reduce((sum, { table }) => sum + table.rows, 0);
    await timer.run("data", `Bringing ${rows} rows of ${tables.length} tables beside the live ones`, async () =>
      restoreRows({
        ...{ ...source, targetUrl, restoreId, applicationName, reporter, signal },
        done: await readJournal(session, restoreId),
        into: new Map(
          tables.map(({ table, beside }) => [
            tableKey(table),
            { ...beside, columns: table.columns, format: table.format },
          ]),
        ),
      }),
    );
    await timer.run("checks", "Comparing what was brought with the backup", async () => {
      const pairs = tables.map(({ table, beside }) => ({ table, at: beside }));
      const differences = await differencesIn(session, pairs);
      if (differences.length > 0)
        throw new PromiseError(`What came beside is not what the backup holds: ${differences.join("; ")}.`);
    });
    const result = await timer.run("swap", "Swapping the rows in one transaction", () =>
      swapRows(session, source.manifest, tables, (swapped) => resultOf(restoreId, source, tables, course, swapped)),
    );
    await takeAwayRecord(session, restoreId);
    return result;
  } catch (error) {
    if (!signal.aborted) await cleanUp(session, restoreId, reporter);
    throw error;
  }
}

/** What a run says that has found the work of an interrupted one done. */
const SWAPPED_BEFORE =
  "A run that was interrupted had swapped the rows already, and nothing was changed now: what was written since is as it was. To replace the rows once more, run the same command again.";

/** Whether an interrupted run has brought what is wished now. */
function isOfWish(result: RestoreTablesResult, { backupId, at }: RestoreTablesOptions): boolean {
  if (backupId !== undefined) return backupId === result.backupId;
  return at === undefined || new Date(result.snapshotAt) <= at;
}

/** After a failure nothing stays; where even that fails (the connection is gone) the same call goes on with what is there. */
async function cleanUp(session: Session, restoreId: string, reporter: Reporter): Promise<void> {
  try {
    const swapped = (await findRecord(session, restoreId))?.result !== undefined;
    if (!swapped) await takeAwayRecord(session, restoreId);
  } catch {
    reporter("What was brought beside the tables stays there: the same command goes on with it");
  }
}

async function chooseSource(
  { vault, opener, trustedKeys, tiers, backupId, at, signal }: RestoreTablesOptions,
  recorded: string | undefined,
): Promise<{ source: BackupSource; passedOver: string[] }> {
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  // An interrupted run keeps its backup, unless another one is named.
  const choice =
    backupId === undefined && at === undefined && recorded !== undefined ? { backupId: recorded } : undefined;
  const { chosen, passedOver } = chooseBackup(backups, choice ?? { backupId, at });
  return { source: { vault, opener, manifest: chosen.manifest }, passedOver };
}

function resultOf(
  restoreId: string,
  { vault, manifest }: BackupSource,
  tables: readonly TableBeside[],
  { timer, started, notes }: Course,
  swapped: Swapped,
): RestoreTablesResult {
  return {
    restoreId,
    backupId: manifest.backupId,
    snapshotAt: manifest.snapshotAt,
    tables: tables.map(({ table }, at) => ({
      name: tableName(table),
      rowsBefore: swapped.rowsBefore[at] ?? 0,
      rows: table.rows,
    })),
    phases: timer.phases,
    durationMs: Math.round(performance.now() - started),
    notes: [...notes, ...swapped.notes, ...walkedPastNotes(vault, manifest)],
  };
}

/** The same for the same database and tables, so that an interrupted run knows its own work. */
function idFor({ targetUrl, tables }: RestoreTablesOptions): string {
  const { host, port, pathname } = new URL(targetUrl);
  const wish = JSON.stringify([host, port, pathname, [...tables].sort()]);
  return createHash("sha256").update(wish).digest("hex").slice(0, 16);
}
