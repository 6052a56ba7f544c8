import type { TableFacts } from "../catalog/catalog.ts";
import type { Session } from "../session/database.ts";

/** A table and how much there is to read of it. */
export interface MeasuredTable extends TableFacts {
  /** Of its own file and of its TOAST table's. */
  sizeBytes: number;
  /** Only of its own file. */
  blocks: number;
  /** False for another access method, whose rows can't be read by blocks. */
  isHeap: boolean;
}

/** Measures tables. It waits for locks on them, so it must run after they have been locked. */
export async function measureTables(session: Session, tables: readonly TableFacts[]): Promise<MeasuredTable[]> {
  const rows = await session.query<{ at: number; size: number; blocks: number; heap: boolean }>(
    // Without indexes and maps of free space: a server looks up a dozen files for those.
    `select t.at::int as at, (own.bytes + case when c.reltoastrelid = 0 then 0 else pg_catalog.pg_relation_size(c.reltoastrelid) end)::float8 as size,
       (own.bytes / current_setting('block_size')::int)::float8 as blocks,
       c.relam = (select oid from pg_catalog.pg_am where amname = 'heap') as heap
     from unnest($1::text[], $2::text[]) with ordinality as t (schema, name, at)
     join pg_catalog.pg_namespace n on n.nspname = t.schema
     join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.name
     cross join lateral (select pg_catalog.pg_relation_size(c.oid) offset 0) own (bytes)`,
    [tables.map((table) => table.schema), tables.map((table) => table.name)],
  );
  const measured = new Map(rows.map((row) => [row.at, row]));
  return tables.map((table, index) => {
    const { size = 0, blocks = 0, heap = false } = measured.get(index + 1) ?? {};
    return { ...table, sizeBytes: size, blocks, isHeap: heap };
  });
}
