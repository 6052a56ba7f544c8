import type { Session } from "../../clients/database.ts";

/** Rows of a table that refer to none. */
export interface Orphans {
  schema: string;
  name: string;
  constraint: string;
  rows: number;
}

/**
 * Counts, by an anti-join for each foreign key, rows that refer to none: VALIDATE passes over those that came in while no foreign
 * key acted. Values are compared as the key itself compares them. Constraints that were never validated may have such rows.
 *
 * @param condition SQL on `pg_constraint k`, its table `pg_class c` and that one's `pg_namespace n`
 */
export async function findOrphans(
  session: Session,
  condition: string,
  values: readonly unknown[] = [],
): Promise<Orphans[]> {
  const references = await session.query<{ schema: string; name: string; constraint: string; query: string }>(
    `select n.nspname as schema, c.relname as name, k.conname as constraint,
       format('select count(*)::int as rows from only %s as child where %s and not exists (select from %s as parent where %s)', k.conrelid::pg_catalog.regclass,
         string_agg(format('child.%I is not null', ca.attname), ' and '), k.confrelid::pg_catalog.regclass,
         string_agg(format('parent.%I operator(%I.%s) child.%I', pa.attname, opn.nspname, op.oprname, ca.attname), ' and ')) as query
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     cross join unnest(k.conkey, k.confkey, k.conpfeqop) as pair (child, parent, operator)
     join pg_catalog.pg_operator op on op.oid = pair.operator join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace
     join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = pair.child
     join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = pair.parent
     where k.contype = 'f' and k.convalidated and c.relkind = 'r' and (${condition})
       -- Not the same reference again, to one partition of the table that it means.
       and not exists (select from pg_catalog.pg_constraint whole where whole.oid = k.conparentid and whole.conrelid = k.conrelid)
     group by k.oid, 1, 2, 3 order by 1, 2, 3`,
    values,
  );
  const found: Orphans[] = [];
  for (const { schema, name, constraint, query } of references) {
    const [row] = await session.query<{ rows: number }>(query);
    if (row !== undefined && row.rows > 0) found.push({ schema, name, constraint, rows: row.rows });
  }
  return found;
}
