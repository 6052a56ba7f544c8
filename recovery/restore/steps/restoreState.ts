import { amount } from "../../../services/common/amount.ts";
import { messageOf } from "../../../services/common/errors.ts";
import { listSequences, listTables } from "../../postgres/catalog/catalog.ts";
import { CAN_BE_BROUGHT_BACK } from "../../postgres/catalog/extensionRows.ts";
import { HAS_FOREIGN_PARTS } from "../../postgres/catalog/foreignParts.ts";
import { findOrphans } from "../../postgres/catalog/orphans.ts";
import { IS_APP_SCHEMA, IS_MANAGED_DATA_SCHEMA } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteLiteral, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { journaledScript } from "../run/journal.ts";
import { sqlFile } from "../sql/sqlFile.ts";

const VIEWS_IN_ORDER = sqlFile("viewsInOrder");
const VIEWS_OVER_FOREIGN = sqlFile("viewsOverForeign");

/** Sequences in one transaction, which keeps a lock on each. A server has room for some thousands of locks in all. */
const SEQUENCES_AT_ONCE = 200;

/** Sets every sequence to the backup's value. */
export async function restoreSequences(session: Session, manifest: Manifest): Promise<void> {
  // One that the target lacks is found by the comparison.
  const there = new Set((await listSequences(session)).map(tableKey));
  const wanted = manifest.sequences.filter((sequence) => there.has(tableKey(sequence)));
  const commands = wanted.flatMap(({ schema, name, lastValue, nextValue }) => {
    const value = lastValue ?? nextValue;
    if (value === null) return [];
    const sequence = quoteLiteral(quoteTable({ schema, name }));
    return [`select pg_catalog.setval(${sequence}, ${BigInt(value)}, ${lastValue !== null})`];
  });
  for (let at = 0; at < commands.length; at += SEQUENCES_AT_ONCE)
    await session.query(commands.slice(at, at + SEQUENCES_AT_ONCE).join(";\n"));
}

/** The commands that fill these materialized views, each after those that it reads according to the catalog. */
export async function refreshCommands(session: Session, views: readonly TableName[]): Promise<string[]> {
  if (views.length === 0) return [];
  const filled = new Set(views.map(tableKey));
  const ordered = await session.query<TableName>(VIEWS_IN_ORDER());
  return ordered.filter((one) => filled.has(tableKey(one))).map(refreshCommand);
}

/** Runs a command that fills a view. */
export type FillView = (command: string) => Promise<unknown>;

/** Commits each with its line in the journal, and skips those that are done. */
export function journaledViews(
  { session, restoreId }: { session: Session; restoreId: string },
  done: ReadonlySet<string>,
): FillView {
  return async (command) =>
    done.has(command) || (await journaledScript(session, restoreId, [{ step: command, sql: command }]));
}

/**
 * Fills the materialized views. The server reads as each view's owner, who needs the backup's rights for that. The catalog does not know
 * what a function's text reads, so a view that reads an unfilled one that way is tried again after the others. A sentence names each view
 * that another role owns and that its owner may not fill, and each that reads a foreign table whose server does not give the rows.
 */
export async function fillViews(session: Session, manifest: Manifest, fill: FillView): Promise<string[]> {
  const others = new Set((await viewsOfOthers(session)).map(refreshCommand));
  const overForeign = new Set((await session.query<TableName>(VIEWS_OVER_FOREIGN())).map(refreshCommand));
  const notes: string[] = [];
  let left = await refreshCommands(session, manifest.filledViews);
  while (left.length > 0) {
    const refusals = new Map<string, unknown>();
    for (const command of left) {
      try {
        await fill(command);
      } catch (error) {
        const code = sqlStateOf(error);
        if (code === SQLSTATE.INSUFFICIENT_PRIVILEGE && others.has(command)) {
          notes.push(
            `A materialized view is empty, since its owner lacks a right (${messageOf(error)}). Grant that right, then run: ${command};`,
          );
          continue;
        }
        if (code === SQLSTATE.OBJECT_NOT_IN_PREREQUISITE_STATE) {
          refusals.set(command, error);
          continue;
        }
        // The session survives an ERROR, whatever its SQLSTATE says of the other server's connection.
        if (!overForeign.has(command) || (error as { severity?: unknown }).severity !== "ERROR") throw error;
        notes.push(emptyOverForeign(command, error));
      }
    }
    if (refusals.size === left.length) {
      for (const [command, refusal] of refusals) {
        if (!overForeign.has(command)) throw refusal;
        notes.push(emptyOverForeign(command, refusal));
      }
      break;
    }
    left = [...refusals.keys()];
  }
  return notes;
}

function emptyOverForeign(command: string, error: unknown): string {
  return `A materialized view is empty, since it reads a foreign table whose server gives no rows here (${messageOf(error)}). Once it does, run: ${command};`;
}

interface TableName {
  schema: string;
  name: string;
}

function refreshCommand(view: TableName): string {
  return `refresh materialized view ${quoteTable(view)}`;
}

async function viewsOfOthers(session: Session): Promise<TableName[]> {
  return await session.query(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'm' and pg_catalog.pg_get_userbyid(c.relowner) <> current_user`,
  );
}

/** At most this many references with orphans are named. */
const NAMED = 5;

/**
 * Looks for rows that refer to none in tables whose rows came in without a check of their foreign keys: those of auth, storage and
 * extensions, or all. Returns a clause for each foreign key with such rows.
 */
export async function orphansIn(session: Session, where: "managed" | "all" = "managed"): Promise<string[]> {
  const { orphans } = await findOrphans(
    session,
    `k.convalidated and (${IS_MANAGED_DATA_SCHEMA} ${where === "all" ? `or ${IS_APP_SCHEMA}` : ""}
       or exists (select from pg_catalog.pg_extension e where c.oid = any (e.extconfig) and ${CAN_BE_BROUGHT_BACK}))`,
  );
  return orphans
    .slice(0, NAMED)
    .map(
      ({ rows, constraint, ...table }) =>
        `${amount(rows, "row")} of ${tableName(table)} ${rows === 1 ? "refers" : "refer"} to none by ${constraint}`,
    );
}

/** Makes the statistics of the app's tables. Without them its first queries would get bad plans, until autovacuum makes them. */
export async function analyseTables(session: Session, manifest: Manifest): Promise<undefined> {
  const there = new Set((await listTables(session)).map(tableKey));
  const withForeign = await session.query<TableName>(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and ${HAS_FOREIGN_PARTS}`,
  );
  // The samples of a parent include its children's rows.
  for (const table of withForeign) there.delete(tableKey(table));
  const own = manifest.tables.filter((table) => table.kind === "app" && there.has(tableKey(table)));
  if (own.length > 0) await session.query(`analyze ${own.map(quoteTable).join(", ")}`);
  return undefined;
}
