import { nearest } from "../../../planning/nearest.ts";
import { UserError } from "../../../services/common/errors.ts";
import { named } from "../../../services/common/named.ts";
import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import { digestObjects } from "../../postgres/catalog/objects.ts";
import { type Comparison, contentDifferences, readForComparison } from "../../postgres/rows/compareTables.ts";
import { measureTables } from "../../postgres/rows/measureTables.ts";
import { resolveTables } from "../../postgres/rows/resolveTables.ts";
import { RowSum } from "../../postgres/rows/rowSum.ts";
import { planReads } from "../../postgres/rows/tableReading.ts";
import type { Session } from "../../postgres/session/database.ts";
import { tableKey } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { listTablesOfOthers } from "../rights/confined.ts";
import { refuseActing } from "../run/restoreReadiness.ts";
import { countRows } from "../run/restoreTarget.ts";
import { schemaBeside, type TableBeside } from "./restoreTablesRecord.ts";

/**
 * Finds the wished tables in the live database and in the backup. UserError if a table is in only one of them, if its columns differ, or if
 * its triggers or rules act even on rows that come in as a
 * replica's.
 */
export async function planTables(
  session: Session,
  restoreId: string,
  wished: readonly string[],
  manifest: Manifest,
): Promise<TableBeside[]> {
  const found = await resolveTables(session, wished);
  const missing = found.filter(({ keys }) => keys.length === 0);
  if (missing.length > 0) {
    const [first] = missing.map(({ name }) => adviceFor(name, manifest));
    throw new UserError(
      `The database has no table ${missing.map(({ name }) => name).join(", ")}, and this command only replaces rows of existing tables. ${first ?? ""}`,
    );
  }
  const keys = new Set(found.flatMap((one) => one.keys));
  const tables = manifest.tables.filter((table) => keys.has(tableKey(table)) && table.kind !== "extension");
  const unknown = [...keys].filter((key) => !tables.some((table) => tableKey(table) === key));
  if (unknown.length > 0) {
    const names = unknown.map((key) => (JSON.parse(key) as string[]).join("."));
    throw new UserError(`Backup ${manifest.backupId} holds no rows of ${names.join(", ")}. Choose another backup.`);
  }
  await refuseOtherColumns(session, tables, manifest);
  await refuseActing(session, tables);
  const others = await listTablesOfOthers(session);
  const planned: TableBeside[] = [];
  for (const [index, table] of tables.entries()) {
    const beside = { schema: schemaBeside(restoreId), name: `t${index}` };
    planned.push({ table, beside, other: others.get(tableKey(table)), rowsNow: await countRows(session, table) });
  }
  return planned;
}

/** A mistyped name must not lead to a restore of the whole database. */
function adviceFor(name: string, manifest: Manifest): string {
  const names = manifest.tables.map((table) => `${table.schema}.${table.name}`);
  if (names.includes(name))
    return `Backup ${manifest.backupId} has ${name}: \`castchat-recovery restore in-place\` restores what was dropped.`;
  const meant = nearest(name, names);
  return meant === undefined
    ? `Neither has backup ${manifest.backupId}: check the spelling.`
    : `Did you mean ${meant}?`;
}

async function refuseOtherColumns(
  session: Session,
  tables: readonly BackedUpTable[],
  manifest: Manifest,
): Promise<void> {
  const found = await digestObjects(session);
  const isSameMajor = Number.parseInt(manifest.source.serverVersion, 10) === session.serverMajor;
  // Names of columns as the digests write them.
  const prefixes = await session.query<{ prefix: string }>(
    "select format('column %I.%I.', schema, name) as prefix from unnest($1::text[], $2::text[]) as wished (schema, name)",
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  const isTheirs = (name: string) => prefixes.some(({ prefix }) => name.startsWith(prefix));
  const names = new Set([...Object.keys(manifest.objects), ...Object.keys(found)].filter(isTheirs));
  const differences = [...names].filter((name) => {
    const [was, is] = [manifest.objects[name], found[name]];
    return was === undefined || is === undefined || (isSameMajor && was !== is);
  });
  if (differences.length === 0) return;
  throw new UserError(
    `The live tables are not defined as in backup ${manifest.backupId} (${named(differences)}), and rows only go into equal columns. Choose a newer backup, or restore into a new project.`,
  );
}

/** Reads tables again and compares them with the backup's. Returns what differs, in clauses. */
export async function differencesIn(
  session: Session,
  pairs: readonly { table: BackedUpTable; at: { schema: string; name: string } }[],
): Promise<string[]> {
  const facts = pairs.map(({ table: { kind, columns, format }, at }) => ({
    ...at,
    kind,
    columns,
    format,
    allColumns: columns,
    timeColumns: [],
    readable: true,
    filtered: false,
    condition: "",
  }));
  const measured = await measureTables(session, facts);
  const comparison: Comparison = {
    queue: planReads(measured, session.serverMajor).flat(),
    sums: new Map(pairs.map(({ at }) => [tableKey(at), new RowSum()])),
    differences: [],
  };
  await readForComparison(session, comparison);
  const contents = pairs.flatMap(({ table, at }) => contentDifferences(table, comparison.sums.get(tableKey(at))));
  return [...comparison.differences, ...contents];
}
