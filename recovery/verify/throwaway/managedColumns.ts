import type { BackedUpTable } from "../../postgres/catalog/description.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";

interface TableThere {
  schema: string;
  name: string;
  columns: { name: string; generated: boolean; required: boolean }[];
}

/**
 * Lets auth and storage accept the backup's rows. Supabase keeps adding tables and columns, whose types are in no backup. Unknown ones are
 * created as text, which takes any value of COPY text and returns it byte for byte. Returns a sentence that lists them.
 *
 * @param restorer the role that writes them, quoted
 */
export async function fillManagedSchemas(session: Session, manifest: Manifest, restorer: string): Promise<string[]> {
  const managed = manifest.tables.filter((table) => table.kind === "managed");
  const there = new Map((await readTables(session, managed)).map((table) => [tableKey(table), table]));
  const commands: string[] = [];
  const made: string[] = [];
  for (const table of managed) {
    const found = there.get(tableKey(table));
    const name = quoteTable(table);
    if (found === undefined) {
      const columns = table.columns.map((column) => `${quoteIdent(column)} text`).join(", ");
      commands.push(
        `create schema if not exists ${quoteIdent(table.schema)}; create table ${name} (${columns}); grant all on ${name} to ${restorer}`,
      );
      made.push(tableName(table));
      continue;
    }
    const known = new Map(found.columns.map((column) => [column.name, column]));
    for (const column of table.columns.filter((one) => !known.has(one))) {
      commands.push(`alter table ${name} add column ${quoteIdent(column)} text`);
      made.push(`${tableName(table)}.${column}`);
    }
    commands.push(...adaptColumns(name, table, found));
  }
  for (const { schema, name } of manifest.sequences.filter(({ kind }) => kind === "managed")) {
    const sequence = quoteTable({ schema, name });
    commands.push(`create sequence if not exists ${sequence}; grant all on sequence ${sequence} to ${restorer}`);
  }
  if (commands.length > 0) await session.query(commands.join(";\n"));
  return made.length === 0
    ? []
    : [`These columns of Supabase are unknown here and were created as text: ${made.join(", ")}.`];
}

/** A column that is generated here but stored in the backup becomes a stored one. A column that the backup does not have may be null. */
function adaptColumns(name: string, table: BackedUpTable, found: TableThere): string[] {
  const stored = new Set(table.columns);
  return found.columns.flatMap((column) => {
    if (stored.has(column.name))
      return column.generated ? [`alter table ${name} alter column ${quoteIdent(column.name)} drop expression`] : [];
    return column.required ? [`alter table ${name} alter column ${quoteIdent(column.name)} drop not null`] : [];
  });
}

async function readTables(session: Session, tables: readonly BackedUpTable[]): Promise<TableThere[]> {
  return await session.query<TableThere>(
    `select n.nspname as schema, c.relname as name, coalesce(
         json_agg(json_build_object('name', a.attname, 'generated', a.attgenerated <> '',
           'required', a.attnotnull and not a.atthasdef and a.attidentity = '')) filter (where a.attname is not null), '[]') as columns
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relkind in ('r', 'p') and n.nspname = any ($1) group by 1, 2`,
    [[...new Set(tables.map((table) => table.schema))]],
  );
}
