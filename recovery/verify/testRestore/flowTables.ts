import { IS_APP_SCHEMA } from "../../postgres/catalog/platform.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent } from "../../postgres/session/quote.ts";
import { SQLSTATE } from "../../postgres/session/sqlState.ts";

/** A table that users write into, as the catalog describes it. */
export interface FlowTable {
  oid: string;
  /** As SQL writes its name. */
  sql: string;
  /** As people write its name. */
  label: string;
  /** Column that says whose a row is: it refers to users. */
  owner: string;
  /** Columns that `authenticated` may give a value and that aren't made by the database itself, in order. */
  writable: string[];
  /** Columns that refer to another table by one column. */
  links: { column: string; to: string; key: string }[];
}

interface Facts {
  oid: string;
  schema: string;
  writable: string[] | null;
  links: (FlowTable["links"][number] & { target: string })[] | null;
}

/** Finds a table by its name in the app's schemas. Returns a clause that says why if it can't be used. */
export async function findFlowTable(session: Session, name: string): Promise<FlowTable | string> {
  const [facts] = await session.query<Facts>(
    `select c.oid::text as oid, n.nspname as schema,
       (select array_agg(a.attname::text order by a.attnum) from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
            and pg_catalog.has_column_privilege('authenticated', c.oid, a.attnum, 'insert')
            -- A key that the database draws by itself.
            and not (a.atthasdef and exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey)))) as writable,
       (select json_agg(json_build_object('column', a.attname, 'to', k.confrelid::text, 'key', ka.attname, 'target', t.relname) order by k.conname)
          from pg_catalog.pg_constraint k join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
          join pg_catalog.pg_attribute ka on ka.attrelid = k.confrelid and ka.attnum = k.confkey[1]
          join pg_catalog.pg_class t on t.oid = k.confrelid
          where k.contype = 'f' and k.conrelid = c.oid and cardinality(k.conkey) = 1) as links
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relname = $1 and c.relkind in ('r', 'p') and ${IS_APP_SCHEMA} and exists (select from pg_catalog.pg_roles where rolname = 'authenticated')
     order by n.nspname <> 'public', n.nspname limit 1`,
    [name],
  );
  if (facts === undefined) return `the backup has no table "${name}"`;
  const label = `${facts.schema}.${name}`;
  const links = facts.links ?? [];
  const owner =
    links.find((link) => link.target === "users") ??
    links.find((link) => /^(profiles|accounts|members)$/.test(link.target));
  if (owner === undefined) return `no column of ${label} refers to users`;
  const sql = `${quoteIdent(facts.schema)}.${quoteIdent(name)}`;
  return { oid: facts.oid, sql, label, owner: owner.column, writable: facts.writable ?? [], links };
}

/** Whether `authenticated` may read a table at all. */
export async function readableBy(session: Session, table: FlowTable): Promise<boolean> {
  const [row] = await session.query<{ may: boolean }>(
    `select pg_catalog.has_table_privilege('authenticated', $1::oid, 'select')
        and pg_catalog.has_schema_privilege('authenticated', c.relnamespace, 'usage') as may from pg_catalog.pg_class c where c.oid = $1::oid`,
    [table.oid],
  );
  return row?.may === true;
}

/** Whether row level security lets `authenticated` insert rows at all. If no policy does, the app writes in another way. */
export async function insertableBy(session: Session, table: FlowTable): Promise<boolean> {
  const [row] = await session.query<{ may: boolean }>(
    `select not c.relrowsecurity or exists (
         select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('a', '*')
           and (p.polroles = '{0}' or exists (select from unnest(p.polroles) as r where pg_catalog.pg_has_role('authenticated', r, 'usage')))) as may
       from pg_catalog.pg_class c where c.oid = $1::oid`,
    [table.oid],
  );
  return row?.may === true;
}

/**
 * The unique key that refuses a copy of a row only because it is a copy: all of its columns were copied. Undefined for any other refusal,
 * such as that of a key that the database generates.
 */
export async function keyOfDouble(session: Session, table: FlowTable, error: unknown): Promise<string | undefined> {
  const { code = "", constraint } = error as { code?: string; constraint?: string };
  if (!DOUBLES.includes(code) || constraint === undefined) return undefined;
  const rows = await session.query(
    `select from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
      where i.indrelid in (select $1::oid union select relid from pg_catalog.pg_partition_tree($1::oid)) and x.relname = $2
        and not exists (select from unnest(i.indkey::smallint[]) as k (attnum)
          join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where a.attname <> all ($3::text[]))`,
    [table.oid, constraint, table.writable],
  );
  return rows.length > 0 ? constraint : undefined;
}

/** SQLSTATE of the refusal of a unique key, and of an exclusion constraint. */
const DOUBLES: readonly string[] = [SQLSTATE.UNIQUE_VIOLATION, SQLSTATE.EXCLUSION_VIOLATION];
