import { amount } from "../../../services/common/amount.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { retry } from "../../../services/common/retry.ts";
import { findOrphans } from "../../postgres/catalog/orphans.ts";
import { actAsReplica } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { EVERY_ROW } from "../../postgres/session/everyRow.ts";
import { quoteLiteral, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { refuseActing } from "../run/restoreReadiness.ts";
import { countRows } from "../run/restoreTarget.ts";
import { sqlFile } from "../sql/sqlFile.ts";
import { refreshCommands } from "../steps/restoreState.ts";
import { insertStaged } from "./insertStaged.ts";
import { differencesIn } from "./restoreTablesPlan.ts";
import { noteSwapped, type RestoreTablesResult, type TableBeside } from "./restoreTablesRecord.ts";

const DEPENDENT_VIEWS = sqlFile("dependentViews");
const OWNED_SEQUENCES = sqlFile("ownedSequences");
const SELECTED_TABLES = sqlFile("selectedTables");

const ATTEMPTS = 8;

/**
 * Replaces the rows of live tables with those beside them, and notes that, in one transaction. Other sessions cannot read or write the
 * tables meanwhile. No other table changes: neither foreign keys nor triggers and rules act, and those that would act are refused. Before the commit, each table is compared with the backup again, and every foreign key from and to it is checked, since
 * none has acted. UserError if rows would refer to none, or other sessions hold a table.
 */
export async function swapRows(
  session: Session,
  manifest: Manifest,
  tables: readonly TableBeside[],
  signal: AbortSignal,
  resultWith: (swapped: Swapped) => RestoreTablesResult,
): Promise<RestoreTablesResult> {
  const swapOnce = (attempt: number) =>
    inTransaction(session, async () => {
      const result = resultWith(await swap(session, manifest, tables, attempt));
      await noteSwapped(session, result);
      return result;
    });
  const pauseMs = (error: unknown) => (isHeld(error) ? session.timing.swapPauseMs * (0.5 + Math.random()) : undefined);
  try {
    return await retry(swapOnce, { attempts: ATTEMPTS, pauseMs, signal });
  } catch (error) {
    if (!isHeld(error)) throw explainRefusal(error, manifest);
    throw new UserError(
      `Other sessions hold the tables ${named(tables.map(({ table }) => tableName(table)))}, so nothing was changed. Run \`castchat-recovery writes stop\`, then the same command again.`,
      { cause: error },
    );
  }
}

/** Whether another session holds what the swap needs. */
function isHeld(error: unknown): boolean {
  const code = sqlStateOf(error);
  return code === SQLSTATE.LOCK_NOT_AVAILABLE || code === SQLSTATE.DEADLOCK_DETECTED;
}

/** SQLSTATEs of rows that a constraint refuses, and of a table that publishes deletions but has no replica identity. */
const REFUSED = /^(23...|55000|42P10)$/;

/** The live tables may have constraints that were added since the backup and that its rows do not meet. */
function explainRefusal(error: unknown, { backupId }: Manifest): unknown {
  const { code = "", message = "", detail = "" } = error as { code?: string; message?: string; detail?: string };
  if (!REFUSED.test(code)) return error;
  // A constraint's detail shows a row.
  const reason = code.startsWith("23") || detail === "" ? message : `${message}: ${detail.replace(/\.$/, "")}`;
  return new UserError(
    `Nothing was changed: the live tables refuse the rows of backup ${backupId} (${reason}). Drop what refuses them and add it again afterwards (a constraint as NOT VALID), choose a newer backup, or restore into a new project.`,
    { cause: error },
  );
}

/** The outcome of a swap. */
export interface Swapped {
  /** How many rows each table has lost, in the tables' order. Some may have come since the confirmation. */
  rowsBefore: number[];
  notes: string[];
}

async function swap(
  session: Session,
  manifest: Manifest,
  tables: readonly TableBeside[],
  attempt: number,
): Promise<Swapped> {
  const live = tables.map(({ table }) => table);
  const names = live.map(quoteTable);
  // Every other attempt in reverse, since the app may lock them in one order or the other.
  await lockAll(session, attempt % 2 === 1 ? names : names.toReversed());
  // Again, since they could be made until the tables were locked.
  await refuseActing(session, live);
  const actAgain = await actAsReplica(session, live);
  const rowsBefore: number[] = [];
  for (const table of live) {
    rowsBefore.push(await countRows(session, table));
    await session.query(`delete from only ${quoteTable(table)} ${EVERY_ROW}`);
  }
  await insertStaged(session, tables);
  await actAgain();
  await advanceSequences(session, manifest, tables);
  const pairs = live.map((table) => ({ table, at: table }));
  const differences = await differencesIn(session, pairs);
  if (differences.length > 0) {
    throw new PromiseError(
      `The swapped rows are not what the backup holds: ${differences.join("; ")}. Nothing was changed.`,
    );
  }
  const { orphans } = await findOrphans(
    session,
    `k.convalidated and (k.conrelid in ${SELECTED_TABLES()} or k.confrelid in ${SELECTED_TABLES()})`,
    namesIn(tables),
  );
  if (orphans.length > 0) {
    const clauses = orphans.map(({ rows, constraint, ...table }) => `${rows} of ${tableName(table)} by ${constraint}`);
    throw new UserError(
      `Nothing was changed: rows would refer to missing rows (${named(clauses)}). Name those tables as well, or delete these rows first.`,
    );
  }
  const notes = notesOfLater(tables, rowsBefore);
  if (live.some((table) => tableName(table) === "storage.objects"))
    notes.push(
      "storage.objects: only the rows are the backup's. The bytes in the storage service are as they were. Compare them by hand.",
    );
  return { rowsBefore, notes: [...notes, ...(await refreshDependents(session, tables))] };
}

/**
 * Locks the tables, and does not let the app wait for one while it waits long for the next. It is one statement: between two, an app that
 * reads all of the tables all the time would always get its lock first.
 */
async function lockAll(session: Session, live: readonly string[]): Promise<void> {
  const { lockMs, swapFurtherLocksMs } = session.timing;
  const lock = (name: string) => `lock table only ${name} in access exclusive mode;`;
  const left = "greatest(1, ceil(extract(epoch from until - clock_timestamp()) * 1000))::int::text";
  const [first = "", ...further] = live.map(lock);
  // A literal, since a table's name may contain what would end dollar quotes.
  const block = `
    declare
      until timestamptz;
    begin
      set local lock_timeout = ${lockMs};
      ${first}
      until := clock_timestamp() + interval '${swapFurtherLocksMs} milliseconds';
      ${further.map((one) => `perform set_config('lock_timeout', ${left}, true); ${one}`).join("\n      ")}
      set local lock_timeout = ${lockMs};
    end`;
  await session.query(`do ${quoteLiteral(block)}`);
}

/** The operator has not agreed to lose what was written after the question. */
function notesOfLater(tables: readonly TableBeside[], rowsBefore: readonly number[]): string[] {
  return tables.flatMap(({ table, rowsNow }, at) => {
    const more = (rowsBefore[at] ?? 0) - rowsNow;
    if (more <= 0) return [];
    return [
      `${tableName(table)}: ${amount(more, "row that came after the confirmation was", "rows that came after the confirmation were")} deleted as well.`,
    ];
  });
}

function namesIn(tables: readonly TableBeside[]): [string[], string[]] {
  return [tables.map(({ table }) => table.schema), tables.map(({ table }) => table.name)];
}

/** Sets each sequence of a column to the furthest of its value now, its value in the backup and the column's values, so that it never goes back. */
async function advanceSequences(session: Session, manifest: Manifest, tables: readonly TableBeside[]): Promise<void> {
  const owned = await session.query<{ schema: string; name: string; down: boolean; now: string | null; query: string }>(
    OWNED_SEQUENCES(),
    namesIn(tables),
  );
  const stood = new Map(manifest.sequences.map((sequence) => [tableKey(sequence), sequence.lastValue]));
  for (const sequence of owned) {
    const [largest] = await session.query<{ value: string | null }>(sequence.query);
    const known = [largest?.value, stood.get(tableKey(sequence)), sequence.now].flatMap((value) =>
      value === null || value === undefined ? [] : [BigInt(value)],
    );
    const [furthest] = known.sort((a, b) => (a < b === sequence.down ? -1 : 1));
    if (furthest === undefined || String(furthest) === sequence.now) continue;
    const values = [quoteTable(sequence), String(furthest)];
    await session.query("select pg_catalog.setval($1::pg_catalog.regclass, $2)", values);
  }
}

/** Refreshes the materialized views that read the tables. Returns a sentence for each that belongs to another role. */
async function refreshDependents(session: Session, tables: readonly TableBeside[]): Promise<string[]> {
  type View = { schema: string; name: string; ours: boolean };
  const views = await session.query<View>(DEPENDENT_VIEWS(), namesIn(tables));
  const own = views.filter(({ ours }) => ours);
  for (const command of await refreshCommands(session, own)) await session.query(command);
  const others = views.filter(({ ours }) => !ours);
  return others.map(
    (view) => `The materialized view ${tableName(view)} belongs to another role and shows the old rows. Refresh it.`,
  );
}
