import type { BackedUpTable } from "../postgres/catalog/description.ts";
import type { ExpectedTable } from "../postgres/rows/resolveTables.ts";
import { tableKey } from "../postgres/session/quote.ts";
import { KINDS } from "../vault/backupKinds.ts";
import type { Manifest } from "../vault/manifest.ts";

/** How much smaller than its predecessor a run may be. */
export interface ShrinkLimits {
  /** Percent of rows, or of bytes, that may be missing compared with the last proven backup. */
  shrinkPercent: number;
  /** Tables that must exist and must not have lost all of their rows. */
  expectedTables: readonly ExpectedTable[];
}

/** The fields of a run that are compared. */
export type RunSize = Pick<Manifest, "backupId" | "kind" | "tables">;

/**
 * Why a run that was read back in full must still not be trusted as the newest backup, in clauses. An emptied database makes a flawless
 * backup of nothing. Only runs of the same kind are compared.
 */
export function suspicionsOf(run: RunSize, last: RunSize | undefined, limits: ShrinkLimits): string[] {
  if (KINDS[run.kind].rows !== "all") return [];
  const earlier = last?.kind === run.kind ? last : undefined;
  const rowsIn = (tables: readonly BackedUpTable[], { keys }: ExpectedTable) =>
    sum(tables.filter((table) => keys.includes(tableKey(table))).map((table) => table.rows));
  const missing = limits.expectedTables.filter(({ keys }) => keys.length === 0);
  const emptied = limits.expectedTables.flatMap((table) => {
    const before = earlier === undefined ? 0 : rowsIn(earlier.tables, table);
    if (table.keys.length === 0 || before === 0 || rowsIn(run.tables, table) > 0) return [];
    return [`${table.name} is empty, it had ${before} rows in ${earlier?.backupId ?? ""}`];
  });
  return [
    ...missing.map(({ name }) => `the expected table ${name} is not there`),
    ...emptied,
    ...(earlier === undefined ? [] : shrunk(run, earlier, limits.shrinkPercent)),
  ];
}

function shrunk(run: RunSize, last: RunSize, shrinkPercent: number): string[] {
  const formats = new Map(last.tables.map((table) => [tableKey(table), table.format]));
  // The same rows differ in size between binary and text, and a column's new type can change the format.
  const changed = new Set(
    run.tables.filter((table) => (formats.get(tableKey(table)) ?? table.format) !== table.format).map(tableKey),
  );
  const measures = [
    ["rows", (table: BackedUpTable) => table.rows],
    ["bytes of rows", (table: BackedUpTable) => (changed.has(tableKey(table)) ? 0 : table.bytes)],
  ] as const;
  return measures.flatMap(([unit, measure]) => {
    const [now, then] = [sum(run.tables.map(measure)), sum(last.tables.map(measure))];
    const lostPercent = then === 0 ? 0 : (100 * (then - now)) / then;
    if (lostPercent <= shrinkPercent) return [];
    return [
      `it holds ${now} ${unit}, ${Math.floor(lostPercent)} % fewer than ${last.backupId} (more than ${shrinkPercent} % is suspicious)`,
    ];
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
