import { PromiseError } from "../../../services/common/errors.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { refuseReplacement } from "../../gate/replacement.ts";
import { nameOf, namesOf } from "../../postgres/session/confirmation.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { walkedPastNotes } from "../../vault/walkVersions.ts";
import { readJournal } from "../run/journal.ts";
import { otherWish, pickBackup, type RecordedBackup } from "../run/recordedBackup.ts";
import { claimTarget, type RecoveryRun, recoveryRun } from "../run/recoveryRun.ts";
import { restoreIdFor } from "../run/restoreMarker.ts";
import { applicationNameOf } from "../run/restoreTarget.ts";
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
  const { targetUrl, tables, vault, clock, reporter, timing, signal = new AbortController().signal } = options;
  const restoreId = restoreIdFor(targetUrl, TABLES, JSON.stringify([...tables].sort()));
  const applicationName = `${applicationNameOf(restoreId)} leader`;
  return await withSession(targetUrl, { applicationName, signal, timing }, (session) =>
    recoveryRun({ what: "restore of tables", target: session, vault, clock, reporter }, (run) =>
      replaceRows(session, restoreId, { ...options, signal }, run),
    ),
  );
}

/** In place of a generation: no restore of a whole database has this one. */
const TABLES = 0;

async function replaceRows(
  session: Session,
  restoreId: string,
  options: RestoreTablesOptions & { signal: AbortSignal },
  run: RecoveryRun,
): Promise<RestoreTablesResult> {
  const { targetUrl, reporter, signal } = options;
  const { timer } = run;
  const applicationName = applicationNameOf(restoreId);
  const place = nameOf(session.address);
  let record = await claimTarget(session, restoreId, () => findRecord(session, restoreId), signal);
  await refuseReplacement(session);
  if (record?.result !== undefined) {
    // The swap is committed; only what lies beside is left to be taken away.
    await takeAwayRecord(session, restoreId);
    if (otherWish(record.result, options) === undefined) {
      run.begin({ restoreId, backupId: record.backupId });
      return { ...record.result, notes: [...record.result.notes, SWAPPED_BEFORE] };
    }
    record = undefined;
  }

  const { source, tables } = await timer.run("plan", `Comparing the tables of ${place} with the backup's`, async () => {
    const { source: found, passedOver } = await chooseSource(options, record);
    run.notes.push(...passedOver);
    return { source: found, tables: await planTables(session, restoreId, options.tables, found.manifest) };
  });
  const { manifest } = source;
  await options.confirm({
    names: namesOf(session.address),
    lines: [
      ...run.notes,
      ...tables.map(
        ({ table, rowsNow }) =>
          `${tableName(table)}: its ${rowsNow} rows are deleted, and the ${table.rows} of ${manifest.snapshotAt} take their place.`,
      ),
    ],
  });
  run.begin({ restoreId, backupId: manifest.backupId });
  try {
    if (record?.backupId !== manifest.backupId) {
      if (record !== undefined) await takeAwayRecord(session, restoreId);
      await beginRecord(session, { restoreId, backupId: manifest.backupId, tables, startedAt: run.startedAt });
    }
    const rows = tables.reduce((sum, { table }) => sum + table.rows, 0);
    await timer.run("data", `Bringing ${rows} rows of ${tables.length} tables beside the live ones`, async () =>
      restoreRows({
        ...{ ...source, session, targetUrl, restoreId, applicationName, reporter, signal },
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
      swapRows(session, source.manifest, tables, signal, (swapped) =>
        resultOf(restoreId, source, tables, run, swapped),
      ),
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
  options: RestoreTablesOptions,
  record: RecordedBackup | undefined,
): Promise<{ source: BackupSource; passedOver: string[] }> {
  const { vault, opener, trustedKeys, tiers, backupId, at, signal } = options;
  const backups = await listBackups({ vault, trustedKeys, tiers, signal });
  // Unlike the rows of a whole database, those beside the live ones can be given up for another backup's.
  const isNamed = backupId !== undefined || at !== undefined;
  const { chosen, passedOver } = pickBackup(backups, options, isNamed ? undefined : record);
  return { source: { vault, opener, manifest: chosen.manifest }, passedOver };
}

function resultOf(
  restoreId: string,
  { vault, manifest }: BackupSource,
  tables: readonly TableBeside[],
  run: RecoveryRun,
  swapped: Swapped,
): RestoreTablesResult {
  return {
    ...run.resultOf(restoreId, manifest),
    tables: tables.map(({ table }, at) => ({
      name: tableName(table),
      rowsBefore: swapped.rowsBefore[at] ?? 0,
      rows: table.rows,
    })),
    notes: [...run.notes, ...swapped.notes, ...walkedPastNotes(vault, manifest)],
  };
}
