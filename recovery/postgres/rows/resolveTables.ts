import type { Session } from "../session/database.ts";
import { tableKey } from "../session/quote.ts";

/** Finds the tables that settings name ("schema.table", as in SQL): each table itself, or its leaf partitions. */
export async function resolveTables(session: Session, names: readonly string[]): Promise<ExpectedTable[]> {
  const rows = await session.query<{ at: number; schema: string; name: string }>(
    `select wanted.at::int as at, n.nspname as schema, c.relname as name
     from unnest($1::text[]) with ordinality as wanted (name, at)
     cross join lateral (
       select tree.relid from pg_catalog.pg_partition_tree(pg_catalog.to_regclass(wanted.name)) tree where tree.isleaf
       union select pg_catalog.to_regclass(wanted.name)::oid
     ) leaf
     join pg_catalog.pg_class c on c.oid = leaf.relid and c.relkind = 'r' join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     order by 1, 2, 3`,
    [[...names]],
  );
  return names.map((name, index) => ({
    name,
    keys: rows.filter((row) => row.at === index + 1).map((row) => tableKey(row)),
  }));
}

/** A table by the name that the settings give it, and by those under which its rows lie: its leaf partitions, or itself. */
export interface ExpectedTable {
  name: string;
  /** {@link tableKey} of each. Empty if the table does not exist. */
  keys: readonly string[];
}
