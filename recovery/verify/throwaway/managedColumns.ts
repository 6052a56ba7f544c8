import { platformColumns, VECTOR_BUCKET_TABLES } from "../../postgres/catalog/platformColumns.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteTable, tableKey, tableName } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";

/**
 * Gives auth and storage the tables and columns that a new project is known to have (platformColumns.ts), as far as the backup has rows for
 * them. Their types are in no backup, so they are text, which takes any value of COPY text and returns it byte for byte. What a new project
 * is not known to have is not made here either, so that the restore says what a real project would lack. Returns a sentence that lists
 * what was made.
 *
 * @param restorer the role that writes them, quoted
 */
export async function fillManagedSchemas(session: Session, manifest: Manifest, restorer: string): Promise<string[]> {
  const managed = manifest.tables.filter((table) => table.kind === "managed");
  const there = await readColumns(session);
  const commands: string[] = [];
  const made: string[] = [];
  for (const table of managed) {
    const found = there.get(tableKey(table));
    const name = quoteTable(table);
    const columns = (platformColumns(tableName(table)) ?? [])
      .filter(({ name: column, required }) => required || table.columns.includes(column))
      .filter((column) => found?.has(column.name) !== true)
      .map((column) => ({ ...column, sql: `${quoteIdent(column.name)} text${column.required ? " not null" : ""}` }));
    if (columns.length === 0) continue;
    const definitions = columns.map(({ sql }) => sql);
    if (found === undefined) {
      const rights = VECTOR_BUCKET_TABLES.includes(tableName(table)) ? "select" : "all";
      commands.push(`create table ${name} (${definitions.join(", ")}); grant ${rights} on ${name} to ${restorer}`);
      made.push(tableName(table));
    } else {
      commands.push(`alter table ${name} ${definitions.map((sql) => `add column ${sql}`).join(", ")}`);
      made.push(...columns.map((column) => `${tableName(table)}.${column.name}`));
    }
  }
  for (const { schema, name } of manifest.sequences.filter(({ kind }) => kind === "managed")) {
    const sequence = quoteTable({ schema, name });
    commands.push(`create sequence if not exists ${sequence}; grant all on sequence ${sequence} to ${restorer}`);
  }
  if (commands.length > 0) await session.query(commands.join(";\n"));
  return made.length === 0
    ? []
    : [`The types of these tables and columns of Supabase are unknown here, so they are text: ${made.join(", ")}.`];
}

/** The columns of each table of auth and storage, by {@link tableKey}. */
async function readColumns(session: Session): Promise<Map<string, ReadonlySet<string>>> {
  const rows = await session.query<{ schema: string; name: string; columns: string[] }>(
    `select n.nspname as schema, c.relname as name, array(select a.attname::text from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname in ('auth', 'storage')`,
  );
  return new Map(rows.map((row) => [tableKey(row), new Set(row.columns)]));
}
