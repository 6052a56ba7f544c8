import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import { retry } from "../../../services/common/retry.ts";
import { findOrphans } from "../../postgres/catalog/orphans.ts";
import { actAsReplica } from "../../postgres/catalog/replicaRole.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import { inTransaction } from "../../postgres/session/transaction.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { sqlFile } from "../sql/sqlFile.ts";
import { refreshCommands } from "../steps/restoreState.ts";
import type { RestoreTablesResult } from "./restoreTablesOptions.ts";
import { differencesIn } from "./restoreTablesPlan.ts";
import { noteSwapped } from "./restoreTablesRecord.ts";
import type { TableBeside } from "./tableBeside.ts";

const DEPENDENT_VIEWS = sqlFile("dependentViews");
const OWNED_SEQUENCES = sqlFile("ownedSequences");
const SELECTED_TABLES = sqlFile("selectedTables");

const ATTEMPTS = 8;

/**
 * Replaces the rows of live tables by those beside them, in one transaction: all of it, with its note, or nothing. Nobody
 * reads or writes the tables meanwhile. Before it commits, each table is compared with the backup again, and every foreign
 * key from and to it is looked at, since none has acted. UserError where rows would refer to none, or others hold a table.
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
      `Other sessions hold the tables ${named(tables.map(({ table }) => tableName(table)))}: nothing was changed. Stop writes first (castchat-recovery writes stop), then run this again.`,
      { cause: error },
    );
  }
}

/** Whether another session holds what the swap needs. */
function isHeld(error: unknown): boolean {
  const code = sqlStateOf(error);
  return code === SQLSTATE.LOCK_NOT_AVAILABLE || code === SQLSTATE.DEADLOCK_DETECTED;
}

/** Rows that a constraint refuses, or a table that publishes deletions and has no identity to do so. */
const REFUSED = /^(23...|55000|42P10)$/;

/** The live tables may have got constraints since the backup, which its rows don't keep. */
function explainRefusal(error: unknown, { backupId }: Manifest): unknown {
  const { code = "", message = "", detail = "" } = error as { code?: string; message?: string; detail?: string };
  if (!REFUSED.test(code)) return error;
  // Of a constraint the detail is a row.
  const reason = code.startsWith("23") || detail === "" ? message : `${message}: ${detail.replace(/\.$/, "")}`;
  return new UserError(
    `Nothing was changed: the live tables refuse to be swapped for the rows of backup ${backupId} (${reason}). Take what refuses them away and add it again afterwards (a constraint as NOT VALID), choose a newer backup, or restore into a new project.`,
    { cause: error },
  );
}

/** What a swap has done. */
export interface Swapped {
  /** How many rows each table has lost, in the tables' order: some may have come since somebody agreed. */
  rowsBefore: number[];
  notes: string[];
}

async function swap(
  session: Session,
  manifest: Manifest,
  tables: readonly TableBeside[],
  attempt: number,
): Promise<Swapped> {
  const live = tables.map(({ table }) => quoteTable(table));
  // Each time the other way round: the app may take them in one order or the other.
  await lockAll(session, attempt % 2 === 1 ? live : live.toReversed());
  const actAgain = await actAsReplica(
    session,
    tables.map(({ table }) => table),
  );
  const rowsBefore: number[] = [];
  for (const name of live) {
    const [row] = await session.query<{ rows: string }>(`select count(*) as rows from only ${name}`);
    rowsBefore.push(Number(row?.rows ?? 0));
    await session.query(`delete from only ${name}`);
  }
  for (const { table, beside } of tables) {
    const columns = table.columns.map(quoteIdent).join(", ");
    const list = columns === "" ? "" : `(${columns}) overriding system value`;
    await session.query(`insert into ${quoteTable(table)} ${list} select ${columns} from ${quoteTable(beside)}`);
  }
  await actAgain();
  await advanceSequences(session, manifest, tables);
  const differences = await differencesIn(
    session,
    tables.map(({ table }) => ({ table, at: table })),
  );
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
      `Nothing was changed: rows would refer to none (${named(clauses)}). Bring those tables back as well, or delete these rows first.`,
    );
  }
  const notes = [
    ...notesOfLater(tables, rowsBefore),
    ...notesOfBytes(tables),
    ...(await refreshDependents(session, tables)),
  ];
  return { rowsBefore, notes };
}

function notesOfBytes(tables: readonly TableBeside[]): string[] {
  if (!tables.some(({ table }) => tableName(table) === "storage.objects")) return [];
  return [
    "storage.objects: the rows alone are the backup's; the bytes in the storage service are as they were: compare them by hand.",
  ];
}

/**
 * Takes the tables for itself, and never keeps the app waiting for one while it waits long for the next. In one statement: between two,
 * an app that reads them all again and again would always have come in between.
 */
async function lockAll(session: Session, live: readonly string[]): Promise<void> {
  const { lockMs, swapFurtherLocksMs } = session.timing;
  const lock = (name: string) => `lock table only ${name} in access exclusive mode;`;
  const left = "greatest(1, ceil(extract(epoch from until - clock_timestamp()) * 1000))::int::text";
  const [first = "", ...further] = live.map(lock);
  // As a literal: a table's name may hold whatever else could end it.
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

/** Nobody has agreed to the loss of what was written after the question. */
function notesOfLater(tables: readonly TableBeside[], rowsBefore: readonly number[]): string[] {
  return tables.flatMap(({ table, rowsNow }, at) => {
    const more = (rowsBefore[at] ?? 0) - rowsNow;
    if (more <= 0) return [];
    return [`${tableName(table)}: ${more} rows more than was asked about were deleted, as they came meanwhile.`];
  });
}

function namesIn(tables: readonly TableBeside[]): [string[], string[]] {
  return [tables.map(({ table }) => table.schema), tables.map(({ table }) => table.name)];
}

/** A sequence that fills a column of theirs goes on behind the largest value, and behind where it stood: never back. */
async function advanceSequences(session: Session, manifest: Manifest, tables: readonly TableBeside[]): Promise<void> {
  const owned = await session.query<{ schema: string; name: string; down: boolean; now: string | null; query: string }>(
    OWNED_SEQUENCES(),
    namesIn(tables),
  );
  const stood = new Map(manifest.sequences.map((sequence) => [tableKey(sequence), sequence.lastValue]));
  for (const sequence of owned) {
    const [largest] = await session.query<{ value: string | null }>(sequence.query);
    const values = [largest?.value, stood.get(tableKey(sequence)), sequence.now].flatMap((value) =>
      value === null || value === undefined ? [] : [BigInt(value)],
    );
    const furthest = values.reduce<bigint | undefined>(
      (far, value) => (far === undefined || (sequence.down ? value < far : value > far) ? value : far),
      undefined,
    );
    if (furthest === undefined || String(furthest) === sequence.now) continue;
    await session.query("select pg_catalog.setval(format('%I.%I', $1::text, $2::text)::pg_catalog.regclass, $3)", [
      sequence.schema,
      sequence.name,
      String(furthest),
    ]);
  }
}

/** Fills the materialized views that read the tables. A sentence for each that belongs to somebody else. */
async function refreshDependents(session: Session, tables: readonly TableBeside[]): Promise<string[]> {
  const views = await session.query<{ schema: string; name: string; ours: boolean }>(
    DEPENDENT_VIEWS(),
    namesIn(tables),
  );
  for (const command of await refreshCommands(
    session,
    views.filter(({ ours }) => ours),
  ))
    await session.query(command);
  return views
    .filter(({ ours }) => !ours)
    .map(
      (view) => `The materialized view ${tableName(view)} belongs to another role and shows the old rows: refresh it.`,
    );
}
