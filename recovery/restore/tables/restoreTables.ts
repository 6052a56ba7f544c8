import { amount } from "../../../services/common/amount.ts";
import { PromiseError } from "../../../services/common/errors.ts";
import type { Reporter } from "../../../services/common/reporter.ts";
import { refuseReplacement } from "../../gate/replacement.ts";
import { type Confirm, nameOf, namesOf } from "../../postgres/session/confirmation.ts";
import { type Session, withSession } from "../../postgres/session/database.ts";
import { tableKey, tableName } from "../../postgres/session/quote.ts";
import { listBackups } from "../../vault/listBackups.ts";
import { walkedPastNotes } from "../../vault/walkVersions.ts";
import { readJournal } from "../run/journal.ts";
import { claimTarget, type RecoveryRun, recoveryRun } from "../run/recoveryRun.ts";
import { restoreIdFor } from "../run/restoreMarker.ts";
import type { RestoreFrom } from "../run/restoreOptions.ts";
import { otherWish, pickBackup } from "../run/restoreSelection.ts";
import { applicationNameOf } from "../run/restoreTarget.ts";
import { workOf } from "../run/restoring.ts";
import { restoreRows } from "../steps/restoreRows.ts";
import { differencesIn, planTables } from "./restoreTablesPlan.ts";
import { beginRecord, findRecord, removeRecord, type RestoreTablesResult } from "./restoreTablesRecord.ts";
import { type Swapped, swapRows } from "./restoreTablesSwap.ts";

/** Which tables' rows come back, and into which database. */
export interface RestoreTablesOptions extends RestoreFrom {
  /** Connection string of the live database's role `postgres`. */
  targetUrl: string;
  /** "schema.table", as SQL would write them. A partitioned table stands for all of its partitions. */
  tables: readonly string[];
  /** Asked before anything is changed, with the rows that will be lost. */
  confirm: Confirm;
}

/**
 * Replaces the rows of some tables of a live database with a backup's. It brings the rows into a staging schema, compares them there, and
 * swaps them in one transaction, in which neither triggers nor foreign keys act. Until the commit the app sees its own rows, after it the
 * backup's. UserError if a table is not defined as in the backup, or if rows would refer to none after the swap. The staging schema stays
 * after an interruption, and the same call continues with it. After a failure it is removed.
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

/** Stands for a generation that no restore of a whole database has. */
const TABLES = 0;

async function replaceRows(
  session: Session,
  restoreId: string,
  options: RestoreTablesOptions & { signal: AbortSignal },
  run: RecoveryRun,
): Promise<RestoreTablesResult> {
  const { vault, trustedKeys, tiers, reporter, signal } = options;
  const { timer } = run;
  const place = nameOf(session.address);
  let record = await claimTarget(session, restoreId, () => findRecord(session, restoreId), signal);
  await refuseReplacement(session);
  if (record?.result !== undefined) {
    // The swap is committed. Only the staging schema is left to remove.
    await removeRecord(session, restoreId);
    if (otherWish(record.result, options) === undefined) {
      run.begin({ restoreId, backupId: record.backupId });
      return { ...record.result, notes: [...record.result.notes, SWAPPED_BEFORE] };
    }
    record = undefined;
  }

  const { manifest, tables } = await timer.run(
    "plan",
    `Comparing the tables of ${place} with the backup's`,
    async () => {
      const backups = await listBackups({ vault, trustedKeys, tiers, signal });
      // Unlike those of a whole database, rows in a staging schema can be replaced by another backup's.
      const isNamed = options.backupId !== undefined || options.at !== undefined;
      const { chosen, passedOver } = pickBackup(backups, options, isNamed ? undefined : record);
      run.notes.push(...passedOver);
      const planned = await planTables(session, restoreId, options.tables, chosen.manifest);
      return { manifest: chosen.manifest, tables: planned };
    },
  );
  await options.confirm({
    names: namesOf(session.address),
    lines: [
      ...run.notes,
      ...tables.map(
        ({ table, rowsNow }) =>
          `${tableName(table)}: its ${amount(rowsNow, "row is", "rows are")} deleted and replaced by the ${amount(table.rows, "row")} of ${manifest.snapshotAt}.`,
      ),
    ],
  });
  run.begin({ restoreId, backupId: manifest.backupId });
  try {
    if (record?.backupId !== manifest.backupId) {
      if (record !== undefined) await removeRecord(session, restoreId);
      await beginRecord(session, { restoreId, backupId: manifest.backupId, tables, startedAt: run.startedAt });
    }
    const rows = tables.reduce((sum, { table }) => sum + table.rows, 0);
    await timer.run(
      "data",
      `Bringing ${amount(rows, "row")} of ${amount(tables.length, "table")} into a staging schema`,
      async () =>
        restoreRows({
          ...workOf(session, restoreId, manifest, options),
          done: await readJournal(session, restoreId),
          into: new Map(tables.map(({ table, beside }) => [tableKey(table), { ...table, ...beside }])),
        }),
    );
    await timer.run("checks", "Comparing the staging schema with the backup", async () => {
      const pairs = tables.map(({ table, beside }) => ({ table, at: beside }));
      const differences = await differencesIn(session, pairs);
      if (differences.length > 0)
        throw new PromiseError(`The staging schema is not what the backup holds: ${differences.join("; ")}.`);
    });
    const resultWith = ({ rowsBefore, notes }: Swapped): RestoreTablesResult => ({
      ...run.resultOf(restoreId, manifest),
      tables: tables.map(({ table }, at) => ({
        name: tableName(table),
        rowsBefore: rowsBefore[at] ?? 0,
        rows: table.rows,
      })),
      notes: [...run.notes, ...notes, ...walkedPastNotes(vault, manifest)],
    });
    const result = await timer.run("swap", "Swapping the rows in one transaction", () =>
      swapRows(session, manifest, tables, signal, resultWith),
    );
    await removeRecord(session, restoreId);
    return result;
  } catch (error) {
    if (!signal.aborted) await cleanUp(session, restoreId, reporter);
    throw error;
  }
}

/** The note of a run that finds the work of an interrupted one done. */
const SWAPPED_BEFORE =
  "An interrupted run had swapped the rows already, so nothing was changed now and later writes are kept. To replace the rows again, run the same command again.";

/** Removes everything after a failure. If even that fails (the connection is gone), the same call continues with what is there. */
async function cleanUp(session: Session, restoreId: string, reporter: Reporter): Promise<void> {
  try {
    const swapped = (await findRecord(session, restoreId))?.result !== undefined;
    if (!swapped) await removeRecord(session, restoreId);
  } catch {
    reporter("The staging schema stays. The same command continues with it");
  }
}
