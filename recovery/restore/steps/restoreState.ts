import { amount } from "../../../services/common/amount.ts";
import { messageOf } from "../../../services/common/errors.ts";
import { listSequences, listTables } from "../../postgres/catalog/catalog.ts";
import { CAN_BE_BROUGHT_BACK } from "../../postgres/catalog/extensionRows.ts";
import { findOrphans } from "../../postgres/catalog/orphans.ts";
import { IS_APP_SCHEMA, IS_MANAGED_DATA_SCHEMA } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteLiteral, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import { SQLSTATE, sqlStateOf } from "../../postgres/session/sqlState.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { journaledScript } from "../run/journal.ts";
import { sqlFile } from "../sql/sqlFile.ts";

const VIEWS_IN_ORDER = sqlFile("viewsInOrder");

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
export async function refreshCommands(
  session: Session,
  views: readonly { schema: string; name: string }[],
): Promise<string[]> {
  if (views.length === 0) return [];
  const filled = new Set(views.map(tableKey));
  const ordered = await session.query<{ schema: string; name: string }>(VIEWS_IN_ORDER());
  return ordered
    .filter((one) => filled.has(tableKey(one)))
    .map((view) => `refresh materialized view ${quoteTable(view)}`);
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
 * that another role owns and that its owner may not fill.
 */
export async function fillViews(session: Session, manifest: Manifest, fill: FillView): Promise<string[]> {
  const others = new Set((await viewsOfOthers(session)).map((view) => `refresh materialized view ${quoteTable(view)}`));
  const notes: string[] = [];
  let left = await refreshCommands(session, manifest.filledViews);
  while (left.length > 0) {
    const unready: string[] = [];
    let refusal: unknown;
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
        if (code !== SQLSTATE.OBJECT_NOT_IN_PREREQUISITE_STATE) throw error;
        refusal = error;
        unready.push(command);
      }
    }
    if (unready.length === left.length) throw refusal;
    left = unready;
  }
  return notes;
}

async function viewsOfOthers(session: Session): Promise<{ schema: string; name: string }[]> {
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
  const own = manifest.tables.filter((table) => table.kind === "app" && there.has(tableKey(table)));
  if (own.length > 0) await session.query(`analyze ${own.map(quoteTable).join(", ")}`);
  return undefined;
}
