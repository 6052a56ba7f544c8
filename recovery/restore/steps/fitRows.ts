import { listTables } from "../../postgres/catalog/catalog.ts";
import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { noteNotRestored } from "../run/notRestored.ts";

/** Where a table's rows go. */
export type RowTarget = Pick<BackedUpTable, "schema" | "name" | "columns" | "format">;

/** The columns of the platform's tables that a target lacks, by table. All columns of a table that it lacks. */
export type LackingColumns = ReadonlyMap<string, readonly string[]>;

/**
 * Finds tables and columns of the backup that the target lacks, and notes them: another version of the platform may not have a column of
 * auth.users, and what a table needs may be missing.
 */
export async function findLacking(session: Session, restoreId: string, manifest: Manifest): Promise<LackingColumns> {
  const there = new Map((await listTables(session)).map((table) => [tableKey(table), table.allColumns]));
  const lacking = new Map<string, readonly string[]>();
  for (const table of manifest.tables.filter(({ kind }) => kind !== "extension")) {
    const columns = there.get(tableKey(table));
    const missing = table.columns.filter((column) => columns?.includes(column) !== true);
    if (columns !== undefined && missing.length === 0) continue;
    lacking.set(tableKey(table), missing);
    const name = tableName(table);
    const what = columns === undefined ? `the rows of ${name}` : `the values of ${missing.join(", ")} in ${name}`;
    const why = columns === undefined ? "table" : missing.length === 1 ? "column" : "columns";
    await noteNotRestored(session, restoreId, {
      key: columns === undefined ? `${name} is missing` : `${name} lacks a column`,
      isWhole: false,
      note: `Not restored: ${what}, because the target has no such ${why}. The backup still has them. The content of ${name} was not compared.`,
    });
  }
  return lacking;
}

/** Brings rows into a table of the platform that lacks some of their columns, within a transaction. */
export async function copyWithout(
  session: Session,
  table: RowTarget,
  lacking: readonly string[],
  rows: Buffer,
): Promise<void> {
  const common = table.columns
    .filter((column) => !lacking.includes(column))
    .map(quoteIdent)
    .join(", ");
  if (common === "") return;
  const all = table.columns.map(quoteIdent).join(", ");
  const added = lacking.map((column) => `add column ${quoteIdent(column)} text`).join(", ");
  await session.query(
    `create temporary table castchat_recovery_rows on commit drop as select ${common} from only ${quoteTable(table)} with no data;
     alter table pg_temp.castchat_recovery_rows ${added}`,
  );
  await session.copyIn(`copy pg_temp.castchat_recovery_rows (${all}) from stdin`, rows, "text");
  await session.query(
    `insert into ${quoteTable(table)} (${common}) overriding system value select ${common} from pg_temp.castchat_recovery_rows;
     drop table pg_temp.castchat_recovery_rows`,
  );
}
