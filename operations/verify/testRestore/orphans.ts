import type { Session } from "../../../clients/database.ts";
import { tableName } from "../../database/quote.ts";

/** What a look for rows that refer to none has shown. */
export interface Orphans {
  /** Foreign keys that were looked through. */
  references: number;
  /** A clause for each one with such rows that the source had validated. */
  faults: string[];
  /** The same where the source itself had never validated it: such rows may have come from there. */
  tolerated: string[];
}

interface Reference {
  schema: string;
  name: string;
  constraint: string;
  validated: boolean;
  query: string;
}

/**
 * Looks through every foreign key of the database by an anti-join: a restore brings rows without checking them, and VALIDATE
 * passes over what came in so. Compares by the key's own operators; for a partitioned table through its partitions.
 */
export async function findAllOrphans(session: Session): Promise<Orphans> {
  const references = await session.query<Reference>(
    `select n.nspname as schema, c.relname as name, k.conname as constraint, k.convalidated as validated,
       format('select count(*)::text as orphans from only %I.%I as child where (%s) and not exists (select from %I.%I as parent where %s)',
         n.nspname, c.relname, pairs.has_value, pn.nspname, pc.relname, pairs.matches) as query
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_class pc on pc.oid = k.confrelid join pg_catalog.pg_namespace pn on pn.oid = pc.relnamespace
     cross join lateral (
       select string_agg(format('child.%I is not null', ca.attname), case k.confmatchtype when 'f' then ' or ' else ' and ' end) as has_value,
         string_agg(format('parent.%I operator(%I.%s) child.%I', pa.attname, opn.nspname, op.oprname, ca.attname), ' and ') as matches
       from unnest(k.conkey, k.confkey, k.conpfeqop) as pair (child, parent, operator)
       join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = pair.child
       join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = pair.parent
       join pg_catalog.pg_operator op on op.oid = pair.operator join pg_catalog.pg_namespace opn on opn.oid = op.oprnamespace) pairs
     where k.contype = 'f' and c.relkind = 'r'
       -- The same reference again, to one partition of the table that it means.
       and not exists (select from pg_catalog.pg_constraint whole where whole.oid = k.conparentid and whole.conrelid = k.conrelid)
     order by 1, 2, 3`,
  );
  const found: Orphans = { references: references.length, faults: [], tolerated: [] };
  for (const reference of references) {
    const [row] = await session.query<{ orphans: string }>(reference.query);
    if (row === undefined || row.orphans === "0") continue;
    const clause = `${row.orphans} rows of ${tableName(reference)} refer to none by ${reference.constraint}`;
    (reference.validated ? found.faults : found.tolerated).push(clause);
  }
  return found;
}
