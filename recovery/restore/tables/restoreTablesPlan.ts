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
import { quoteIdent, tableKey } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { schemaBeside, type TableBeside } from "./tableBeside.ts";

/**
 * Finds the wished tables in the live database and in the backup. UserError where one is in only one of them, where its columns
 * are others, or where its triggers act also on rows that come in as a replica's.
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
    throw new UserError(
      `The database has no table ${missing.map(({ name }) => name).join(", ")}: this brings rows into tables that are there. To restore what was dropped, run \`castchat-recovery restore in-place\`.`,
    );
  }
  const keys = new Set(found.flatMap((one) => one.keys));
  const tables = manifest.tables.filter((table) => keys.has(tableKey(table)) && table.kind !== "extension");
  const unknown = [...keys].filter((key) => !tables.some((table) => tableKey(table) === key));
  if (unknown.length > 0) {
    const names = unknown.map((key) => (JSON.parse(key) as string[]).join("."));
    throw new UserError(`Backup ${manifest.backupId} holds no rows of ${names.join(", ")}: choose another one.`);
  }
  await refuseOtherColumns(session, tables, manifest);
  await refuseActingTriggers(session, tables);
  const planned: TableBeside[] = [];
  for (const [index, table] of tables.entries()) {
    const live = `${quoteIdent(table.schema)}.${quoteIdent(table.name)}`;
    const [row] = await session.query<{ rows: string }>(`select count(*) as rows from only ${live}`);
    const beside = { schema: schemaBeside(restoreId), name: `t${index}` };
    planned.push({ table, beside, rowsNow: Number(row?.rows ?? 0) });
  }
  return planned;
}

async function refuseOtherColumns(
  session: Session,
  tables: readonly BackedUpTable[],
  manifest: Manifest,
): Promise<void> {
  const found = await digestObjects(session);
  const sameMajor = Number.parseInt(manifest.source.serverVersion, 10) === session.serverMajor;
  // As the digests name them.
  const prefixes = await session.query<{ prefix: string }>(
    "select format('column %I.%I.', schema, name) as prefix from unnest($1::text[], $2::text[]) as wished (schema, name)",
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  const isTheirs = (name: string) => prefixes.some(({ prefix }) => name.startsWith(prefix));
  const names = new Set([...Object.keys(manifest.objects), ...Object.keys(found)].filter(isTheirs));
  const differences = [...names].filter((name) => {
    const [was, is] = [manifest.objects[name], found[name]];
    return was === undefined || is === undefined || (sameMajor && was !== is);
  });
  if (differences.length === 0) return;
  throw new UserError(
    `The live tables are not defined as in backup ${manifest.backupId} (${named(differences)}): rows go into equal columns only. Choose a newer backup, or restore into a new project.`,
  );
}

async function refuseActingTriggers(session: Session, tables: readonly BackedUpTable[]): Promise<void> {
  const acting = await session.query<{ name: string }>(
    `select format('%I on %I.%I', t.tgname, n.nspname, c.relname) as name from pg_catalog.pg_trigger t
     join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join unnest($1::text[], $2::text[]) as wished (schema, name) on wished.schema = n.nspname and wished.name = c.relname
     where not t.tgisinternal and t.tgenabled in ('A', 'R') order by 1`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  if (acting.length === 0) return;
  throw new UserError(
    `The triggers ${named(acting.map(({ name }) => name))} act also on rows that a replica brings, so they would act a second time: disable them, restore, and enable them again.`,
  );
}

/** Reads tables again and compares them with the backup's: what differs, in clauses. */
export async function differencesIn(
  session: Session,
  pairs: readonly { table: BackedUpTable; at: { schema: string; name: string } }[],
): Promise<string[]> {
  const facts = pairs.map(({ table: { kind, columns, format }, at }) => ({
    ...{ ...at, kind, columns, format, allColumns: columns },
    ...{ timeColumns: [], readable: true, filtered: false, condition: "" },
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
