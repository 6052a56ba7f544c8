import type { Session } from "../session/database.ts";

/** Rows of a table that violate a foreign key. */
export interface Orphans {
  schema: string;
  name: string;
  constraint: string;
  /** False if PostgreSQL has never validated the foreign key, so that the rows may have violated it from the start. */
  validated: boolean;
  rows: number;
}

/** The result of a search for such rows. */
export interface OrphanSearch {
  /** Foreign keys that were checked. */
  references: number;
  orphans: Orphans[];
}

interface Reference extends Omit<Orphans, "rows"> {
  query: string;
}

/**
 * Finds rows that violate a foreign key, by an anti-join for each key. A restore inserts rows without checks, and VALIDATE skips a key that
 * counts as valid. Values are compared as the key compares them, including MATCH FULL and periods that several rows cover together. A
 * partitioned table is checked by its partitions.
 *
 * @param condition SQL on `pg_constraint k`, its table `pg_class c` and its schema `pg_namespace n`
 */
export async function findOrphans(
  session: Session,
  condition = "true",
  values: readonly unknown[] = [],
): Promise<OrphanSearch> {
  const references = await session.query<Reference>(
    `select n.nspname as schema, c.relname as name, k.conname as constraint, k.convalidated as validated,
       format('select count(*)::float8 as rows from only %I.%I as child where (%s) and %s',
         n.nspname, c.relname, pairs.has_value,
         case when pairs.period is null then format('not exists (select from %I.%I as parent where %s)', pn.nspname, pc.relname, pairs.matches)
           else format('not coalesce((select pg_catalog.range_agg(parent.%I) operator(pg_catalog.@>) child.%I from %I.%I as parent where %s), false)',
             pairs.period[1], pairs.period[2], pn.nspname, pc.relname, pairs.matches) end) as query
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_class pc on pc.oid = k.confrelid join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
     cross join lateral (
       select string_agg(format('child.%I is not null', ca.attname), case k.confmatchtype when 'f' then ' or ' else ' and ' end) as has_value,
         string_agg(format('parent.%I operator(%I.%s) child.%I', pa.attname, opn.nspname, op.oprname, ca.attname), ' and ') as matches,
         -- Only servers from 18 on know periods; it is the last pair that is one.
         (array_agg(array[pa.attname, ca.attname] order by pair.at desc) filter (where (to_jsonb(k) ->> 'conperiod')::boolean))[1:1] as periods
       from unnest(k.conkey, k.confkey, k.conpfeqop) with ordinality as pair (child, parent, operator, at)
       join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = pair.child
       join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = pair.parent
       join pg_catalog.pg_operator op on op.oid = pair.operator join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace) found
     cross join lateral (select found.has_value, found.matches, case when found.periods is not null then array[found.periods[1][1], found.periods[1][2]] end as period) pairs
     where k.contype = 'f' and c.relkind = 'r' and (${condition})
       -- Not the same reference again, to one partition of the table that it means.
       and not exists (select from pg_catalog.pg_constraint whole where whole.oid = k.conparentid and whole.conrelid = k.conrelid)
     order by 1, 2, 3`,
    values,
  );
  const orphans: Orphans[] = [];
  for (const { query, ...reference } of references) {
    const [row] = await session.query<{ rows: number }>(query);
    if (row !== undefined && row.rows > 0) orphans.push({ ...reference, rows: row.rows });
  }
  return { references: references.length, orphans };
}
