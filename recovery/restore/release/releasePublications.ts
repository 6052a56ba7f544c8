import type { Publication, PublishedTable } from "../../postgres/catalog/heldBack.ts";
import { quoteIdent, quoteLiteral, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";

/** How a publication becomes what the backup has, and what stays different. */
export interface PublicationPlan {
  /** None if everything is there. */
  statements: string[];
  /** Clauses. Changes since the restore are not undone. */
  differences: string[];
}

/**
 * Plans how a publication becomes what the backup has. What is missing is added. What differs or is there beside it stays as it is. A
 * publication that publishes nothing yet, such as a new project's supabase_realtime, also gets the backup's options.
 */
export function planPublication(wanted: Publication, existing: Publication | undefined): PublicationPlan {
  if (existing === undefined) return { statements: [creation(wanted), ...comment(wanted)], differences: [] };
  const name = quoteIdent(wanted.name);
  const there = new Map(existing.tables.map((table) => [tableKey(table), table]));
  const missing = wanted.tables.filter((table) => !there.has(tableKey(table)));
  const missingSchemas = wanted.schemas.filter((schema) => !existing.schemas.includes(schema));
  const altered = wanted.tables.filter((table) => !isSame(table, there.get(tableKey(table)) ?? table));
  const more = existing.tables.filter((table) => !wanted.tables.some((one) => tableKey(one) === tableKey(table)));
  const moreSchemas = existing.schemas.filter((schema) => !wanted.schemas.includes(schema));
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
      ...moreSchemas.map((schema) => `it also publishes schema ${schema}`),
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
  if (wanted.comment === null) return [];
  return [`comment on publication ${quoteIdent(wanted.name)} is ${quoteLiteral(wanted.comment)}`];
}

function optionsOf({ operations, viaRoot }: Publication): string {
  return `publish = '${operations.join(", ")}', publish_via_partition_root = ${viaRoot}`;
}

/** With ONLY, since children and partitions that are published are members of their own. */
function tableMember({ columns, where, ...table }: PublishedTable): string {
  const list = columns === null ? "" : ` (${columns.map(quoteIdent).join(", ")})`;
  return `table only ${quoteTable(table)}${list}${where === null ? "" : ` where (${where})`}`;
}

function schemaMember(schema: string): string {
  return `tables in schema ${quoteIdent(schema)}`;
}

function isSame(a: PublishedTable, b: PublishedTable): boolean {
  return a.where === b.where && JSON.stringify(a.columns) === JSON.stringify(b.columns);
}
