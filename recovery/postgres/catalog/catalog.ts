import type { CopyFormat } from "../session/copyFormat.ts";
import type { Session } from "../session/database.ts";
import { quoteTable } from "../session/quote.ts";
import { BINARY_TYPES } from "./binaryTypes.ts";
import type { BackedUpSequence, DescribedDatabase } from "./description.ts";
import { CAN_BE_BROUGHT_BACK, MARKED_BY_EXTENSION } from "./extensionRows.ts";
import { IS_APP_SCHEMA, IS_MANAGED_DATA_SCHEMA, isNoMember, MANAGED_VERSION_TABLES } from "./platform.ts";

/** A table with rows of its own: an ordinary table or a leaf partition. A partitioned table has none. */
export interface TableFacts {
  schema: string;
  name: string;
  /** "app": the app's. "managed": Supabase's, with rows of the app. "extension": an extension's, with rows of its user. */
  kind: "app" | "managed" | "extension";
  /** Which rows of an extension's table belong to its user, as "WHERE …". Empty for all rows. */
  condition: string;
  /** Columns whose values are stored, in order. A restore computes generated columns again. */
  columns: string[];
  /** How its rows are copied. Binary if each of its columns may be and the table is the app's. */
  format: CopyFormat;
  /** Every column, in order. */
  allColumns: string[];
  /** Columns that may say when a row was written. */
  timeColumns: string[];
  /** False if the reading role has no right to SELECT. */
  readable: boolean;
  /** True where row level security would hide rows from the reading role. */
  filtered: boolean;
}

/** Names of columns that date a table's newest row. */
const TIME_COLUMNS = "^(created|updated|applied|sent|logged|changed)_at$";

/** Every table whose rows a backup holds, sorted by schema and name. */
export async function listTables(session: Session): Promise<TableFacts[]> {
  return await session.query<TableFacts>(
    `select n.nspname as schema, c.relname as name,
       case when x.extname is not null then 'extension' when ${IS_APP_SCHEMA} then 'app' else 'managed' end as kind, coalesce(x.condition, '') as condition,
       coalesce(a.columns, '{}') as columns, coalesce(a.all_columns, '{}') as "allColumns", coalesce(a.time_columns, '{}') as "timeColumns",
       -- Text for all else: the platform's tables may have other types in another project.
       case when x.extname is null and ${IS_APP_SCHEMA} and coalesce(a.binary, false) and n.nspname || c.relname !~ E'[\\n\\r]' then 'binary' else 'text' end as format,
       pg_catalog.has_table_privilege(c.oid, 'select') as readable, pg_catalog.row_security_active(c.oid) as filtered
     from pg_catalog.pg_class c
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join lateral (
       select array_agg(attname::text order by attnum) filter (where attgenerated = '') as columns,
         array_agg(attname::text order by attnum) as all_columns,
         array_agg(attname::text order by attnum)
           filter (where atttypid = 'timestamptz'::pg_catalog.regtype and attname ~ '${TIME_COLUMNS}') as time_columns,
         -- psql's \\copy, by which it is restored by hand, takes one line.
         bool_and(attname !~ E'[\\n\\r]' and (t.typtype = 'e' or t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace and t.typname = any ($2::text[])))
           filter (where attgenerated = '') as binary
       from pg_catalog.pg_attribute join pg_catalog.pg_type t on t.oid = atttypid where attrelid = c.oid and attnum > 0 and not attisdropped
     ) a on true
     ${MARKED_BY_EXTENSION}
     where c.relkind = 'r' and c.relpersistence <> 't'
       and ((${IS_APP_SCHEMA} or ${IS_MANAGED_DATA_SCHEMA}) and ${isNoMember("pg_class", "c.oid")}
         or x.extname is not null and ${CAN_BE_BROUGHT_BACK})
       and n.nspname || '.' || c.relname <> all ($1::text[])
     order by 1, 2`,
    [MANAGED_VERSION_TABLES, BINARY_TYPES],
  );
}

/** Names of the app's own schemas, sorted. */
export async function listAppSchemas(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select n.nspname as name from pg_catalog.pg_namespace n where ${IS_APP_SCHEMA} order by 1`,
  );
  return rows.map((row) => row.name);
}

/** Names of every other schema, which a dump excludes. */
export async function listOtherSchemas(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select n.nspname as name from pg_catalog.pg_namespace n where not ${IS_APP_SCHEMA} and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`,
  );
  return rows.map((row) => row.name);
}

/** The installed extensions, sorted by name. plpgsql is in every database and is not listed. */
export async function listExtensions(session: Session): Promise<DescribedDatabase["extensions"]> {
  return await session.query(
    `select e.extname as name, e.extversion as version, n.nspname as schema
     from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
     where e.extname <> 'plpgsql' order by 1`,
  );
}

/** Sequences in one statement. With some thousands the server runs out of stack. */
const SEQUENCES_AT_ONCE = 200;

/** The state of every sequence, sorted by schema and name. It is the current one: sequences are not part of a snapshot. */
export async function listSequences(session: Session): Promise<BackedUpSequence[]> {
  const sequences = await session.query<BackedUpSequence>(
    `select n.nspname as schema, c.relname as name,
       case when x.extname is not null then 'extension' when ${IS_APP_SCHEMA} then 'app' else 'managed' end as kind,
       pg_catalog.pg_sequence_last_value(c.oid)::text as "lastValue", null as "nextValue", s.seqincrement::text as increment, s.seqcycle as cycle
     from pg_catalog.pg_sequence s
     join pg_catalog.pg_class c on c.oid = s.seqrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     ${MARKED_BY_EXTENSION}
     where c.relpersistence <> 't'
       and ((${IS_APP_SCHEMA} or ${IS_MANAGED_DATA_SCHEMA}) and ${isNoMember("pg_class", "c.oid")}
         or x.extname is not null and ${CAN_BE_BROUGHT_BACK})
     order by 1, 2`,
  );
  const unused = sequences.filter((sequence) => sequence.lastValue === null && sequence.kind !== "managed");
  const values: { at: number; value: string }[] = [];
  for (let from = 0; from < unused.length; from += SEQUENCES_AT_ONCE) {
    const selects = unused
      .slice(from, from + SEQUENCES_AT_ONCE)
      .map(
        ({ schema, name }, index) =>
          `select ${from + index} as at, last_value::text as value from ${quoteTable({ schema, name })}`,
      );
    values.push(...(await session.query<{ at: number; value: string }>(selects.join(" union all "))));
  }
  const found = new Map(values.map(({ at, value }) => [unused[at], value]));
  return sequences.map((sequence) => ({ ...sequence, nextValue: found.get(sequence) ?? null }));
}

/** Names of the materialized views that hold rows, sorted. */
export async function listFilledViews(session: Session): Promise<{ schema: string; name: string }[]> {
  return await session.query(
    `select n.nspname as schema, c.relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'm' and c.relispopulated and ${IS_APP_SCHEMA} and ${isNoMember("pg_class", "c.oid")} order by 1, 2`,
  );
}

/** Counts that validate a backup (docs/objectives.md). A table that does not exist counts 0. */
export interface ContentCounts {
  users: number;
  posts: number;
  applications: number;
}

/** Counts users, posts and applications. */
export async function countContent(session: Session): Promise<ContentCounts> {
  const count = async (name: string, otherwise = name): Promise<number> => {
    const [table] = await session.query<{ name: string | null }>(
      "select coalesce(to_regclass($1), to_regclass($2))::text as name",
      [name, otherwise],
    );
    if ((table?.name ?? null) === null) return 0;
    // The name comes from regclass, which quotes it.
    const [row] = await session.query<{ count: string }>(`select count(*) as count from ${table?.name}`);
    return Number(row?.count);
  };
  return {
    users: await count("public.users", "auth.users"),
    posts: await count("public.posts"),
    applications: await count("public.applications"),
  };
}
