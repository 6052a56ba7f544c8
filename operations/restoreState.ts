import type { Session } from "../clients/database.ts";
import { CAN_BE_BROUGHT_BACK } from "./extensionRows.ts";
import type { Manifest } from "./manifest.ts";
import { IS_APP_SCHEMA, IS_MANAGED_DATA_SCHEMA } from "./platform.ts";
import { quoteIdent, quoteLiteral, tableKey, tableName } from "./quote.ts";

/** Sets every sequence to where it stood. */
export async function restoreSequences(session: Session, manifest: Manifest): Promise<void> {
  const commands = manifest.sequences.flatMap(({ schema, name, lastValue, nextValue }) => {
    const value = lastValue ?? nextValue;
    if (value === null) return [];
    const sequence = quoteLiteral(`${quoteIdent(schema)}.${quoteIdent(name)}`);
    return [`select pg_catalog.setval(${sequence}, ${BigInt(value)}, ${lastValue !== null})`];
  });
  if (commands.length > 0) await session.query(commands.join(";\n"));
}

/** The commands that fill the materialized views which were filled, each after those that it reads. */
export async function refreshCommands(session: Session, manifest: Manifest): Promise<string[]> {
  if (manifest.filledViews.length === 0) return [];
  const filled = new Set(manifest.filledViews.map(tableKey));
  const ordered = await session.query<{ schema: string; name: string }>(
    `with recursive needs as (
       select distinct r.ev_class as view, d.refobjid as other from pg_catalog.pg_rewrite r
       join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
         and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
       join pg_catalog.pg_class c on c.oid = d.refobjid and c.relkind in ('v', 'm')
     ), depths as (
       select oid as view, 0 as depth from pg_catalog.pg_class where relkind in ('v', 'm')
       union select needs.view, depths.depth + 1 from needs join depths on depths.view = needs.other
     )
     select n.nspname as schema, c.relname as name from depths
     join pg_catalog.pg_class c on c.oid = depths.view and c.relkind = 'm' join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     group by 1, 2 order by max(depth), 1, 2`,
  );
  return ordered
    .filter((one) => filled.has(tableKey(one)))
    .map((view) => `refresh materialized view ${quoteIdent(view.schema)}.${quoteIdent(view.name)}`);
}

/** At most this many references with orphans are named. */
const NAMED = 5;

/**
 * Looks for rows that refer to none in tables whose rows came in without the check of their foreign keys, which VALIDATE would
 * pass over: those of auth, storage and extensions, or all. A clause for each reference that has such rows. Constraints that were never
 * validated may have them.
 */
export async function findOrphans(session: Session, where: "managed" | "all" = "managed"): Promise<string[]> {
  const references = await session.query<{ schema: string; name: string; constraint: string; query: string }>(
    `select n.nspname as schema, c.relname as name, k.conname as constraint,
       format('select count(*)::int as orphans from only %s as child where %s and not exists (select from %s as parent where %s)', k.conrelid::pg_catalog.regclass,
         string_agg(format('child.%I is not null', ca.attname), ' and '), k.confrelid::pg_catalog.regclass,
         string_agg(format('parent.%I = child.%I', pa.attname, ca.attname), ' and ')) as query
     from pg_catalog.pg_constraint k
     join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     cross join unnest(k.conkey, k.confkey) as pair (child, parent)
     join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = pair.child
     join pg_catalog.pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = pair.parent
     where k.contype = 'f' and k.convalidated and c.relkind = 'r'
       and (${IS_MANAGED_DATA_SCHEMA} ${where === "all" ? `or ${IS_APP_SCHEMA}` : ""}
         or exists (select from pg_catalog.pg_extension e where c.oid = any (e.extconfig) and ${CAN_BE_BROUGHT_BACK}))
     group by k.oid, 1, 2, 3 order by 1, 2, 3`,
  );
  const found: string[] = [];
  for (const reference of references) {
    const [row] = await session.query<{ orphans: number }>(reference.query);
    if (row === undefined || row.orphans === 0) continue;
    found.push(`${row.orphans} rows of ${tableName(reference)} refer to none by ${reference.constraint}`);
  }
  return found.slice(0, NAMED);
}
