import type { Publication, PublishedTable } from "../../postgres/catalog/heldBack.ts";
import { quoteIdent, quoteLiteral, tableKey, tableName } from "../../postgres/session/quote.ts";

/** What it takes to bring a publication back, and what is not as the backup has it and stays so. */
export interface PublicationPlan {
  /** None where everything is there. */
  statements: string[];
  /** Clauses; somebody has changed it since the restore, and that is not undone. */
  differences: string[];
}

/**
 * Plans how a publication becomes what the backup has. What is missing is added; what is there otherwise, or beside it, is
 * left alone. One that publishes nothing yet, as a new project's supabase_realtime, also gets the backup's options.
 */
export function planPublication(wanted: Publication, existing: Publication | undefined): PublicationPlan {
  if (existing === undefined) return { statements: [creation(wanted), ...comment(wanted)], differences: [] };
  const name = quoteIdent(wanted.name);
  const there = new Map(existing.tables.map((table) => [tableKey(table), table]));
  const missing = wanted.tables.filter((table) => !there.has(tableKey(table)));
  const missingSchemas = wanted.schemas.filter((schema) => !existing.schemas.includes(schema));
  const altered = wanted.tables.filter((table) => !isSame(table, there.get(tableKey(table)) ?? table));
  const more = existing.tables.filter((table) => !wanted.tables.some((one) => tableKey(one) === tableKey(table)));
  const isEmpty = !existing.allTables && existing.tables.length === 0 && existing.schemas.length === 0;
  const otherOptions = optionsOf(existing) !== optionsOf(wanted);
  const members = [...missing.map(tableMember), ...missingSchemas.map(schemaMember)];
  return {
    statements: [
      ...(members.length > 0 ? [`alter publication ${name} add ${members.join(", ")}`] : []),
      ...(isEmpty && otherOptions ? [`alter publication ${name} set (${optionsOf(wanted)})`] : []),
      ...(isEmpty && existing.comment !== wanted.comment ? comment(wanted) : []),
    ],
    differences: [
      ...altered.map((table) => `it publishes ${tableName(table)} with other columns or rows`),
      ...more.map((table) => `it also publishes ${tableName(table)}`),
      ...existing.schemas
        .filter((schema) => !wanted.schemas.includes(schema))
        .map((one) => `it also publishes schema ${one}`),
      ...(existing.allTables === wanted.allTables
        ? []
        : [`it publishes ${existing.allTables ? "all" : "some"} tables`]),
      ...(otherOptions && !isEmpty ? [`its options are ${optionsOf(existing)}`] : []),
    ],
  };
}

function creation(wanted: Publication): string {
  const members = [...wanted.tables.map(tableMember), ...wanted.schemas.map(schemaMember)];
  const what = wanted.allTables ? " for all tables" : members.length > 0 ? ` for ${members.join(", ")}` : "";
  return `create publication ${quoteIdent(wanted.name)}${what} with (${optionsOf(wanted)})`;
}

function comment(wanted: Publication): string[] {
  const text = wanted.comment === null ? "null" : quoteLiteral(wanted.comment);
  return wanted.comment === null ? [] : [`comment on publication ${quoteIdent(wanted.name)} is ${text}`];
}

function optionsOf({ operations, viaRoot }: Publication): string {
  return `publish = '${operations.join(", ")}', publish_via_partition_root = ${viaRoot}`;
}

/** ONLY: children and partitions are members of their own where they are published. */
function tableMember({ schema, name, columns, where }: PublishedTable): string {
  const list = columns === null ? "" : ` (${columns.map(quoteIdent).join(", ")})`;
  return `table only ${quoteIdent(schema)}.${quoteIdent(name)}${list}${where === null ? "" : ` where (${where})`}`;
}

function schemaMember(schema: string): string {
  return `tables in schema ${quoteIdent(schema)}`;
}

function isSame(a: PublishedTable, b: PublishedTable): boolean {
  return a.where === b.where && JSON.stringify(a.columns) === JSON.stringify(b.columns);
}
