import pg from "pg";

import { CATALOGUE, LEFT_OUT, NEEDED, NOT_COMPARED, OUR_SCHEMAS, VOLATILE_TABLES } from "./catalogue.ts";
import { type DatabaseSnapshot, type LeftOut, OBJECT_KINDS, type ObjectKind, type TableContent } from "./types.ts";

/** Connections that read at the same time. More than a small machine's cores gains nothing. */
const READERS = 2;

/** Every setting that changes how a value is written is pinned, or the same value would have two digests. No policy may hide a row. */
const PINNED = `
set local search_path = '';
set local datestyle = 'ISO, YMD';
set local intervalstyle = 'postgres';
set local timezone = 'UTC';
set local bytea_output = 'hex';
set local extra_float_digits = 1;
set local lc_monetary = 'C';
set local xmlbinary = 'base64';
set local row_security = off;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
`;

interface TableName {
  name: string;
  readable: boolean;
}

/**
 * Reads a database at one moment: each table's row count and digest, the positions of its sequences, and its definitions. It shares neither
 * code nor method with the backup: MD5 of each row's text, with the halves summed as 64-bit numbers (so that order doesn't matter and equal
 * rows don't cancel out).
 *
 * @param url role that may read every table: the superuser, or `postgres` of a Supabase project, which bypasses row level security
 * @throws the server's error when a table can't be read; tables without the right to read are named in `leftOut`
 */
export async function takeSnapshot(url: string): Promise<DatabaseSnapshot> {
  const started = performance.now();
  return withReaders(url, async (leader, readers) => {
    await leader.query(`begin isolation level repeatable read read only; ${PINNED}`);
    const exported = await leader.query<{ id: string }>("select pg_export_snapshot() as id");
    const id = exported.rows[0]?.id ?? "";
    for (const reader of readers) {
      await reader.query(
        `begin isolation level repeatable read read only; set transaction snapshot ${pg.escapeLiteral(id)}; ${PINNED}`,
      );
    }
    const found = await leader.query<TableName>(TABLES, [VOLATILE_TABLES]);
    const queue = found.rows.filter((table) => table.readable).map((table) => table.name);
    const tables: Record<string, TableContent> = {};
    const work = async (client: pg.Client) => {
      for (let name = queue.shift(); name !== undefined; name = queue.shift())
        tables[name] = await contentOf(client, name);
    };
    const catalogue = async () => {
      const objects = await readObjects(leader, OBJECT_KINDS);
      const sequences = await readSequences(leader);
      await work(leader);
      return { objects, sequences };
    };
    const [{ objects, sequences }] = await Promise.all([catalogue(), ...readers.map(work)]);
    const version = await leader.query<{ version: string }>("select current_setting('server_version') as version");
    return {
      serverVersion: version.rows[0]?.version ?? "",
      tables: sorted(tables),
      sequences,
      objects,
      leftOut: [...LEFT_OUT, ...unreadable(found.rows)],
      durationMs: Math.round(performance.now() - started),
    };
  });
}

/** Largest first, so that no reader ends last with a big table. */
const TABLES = `
select format('%I.%I', n.nspname, c.relname) as name, has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage') as readable
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where ${OUR_SCHEMAS} and c.relkind in ('r', 'm') and c.relpersistence <> 't' and (c.relkind = 'r' or c.relispopulated)
  and format('%s.%s', n.nspname, c.relname) <> all ($1::text[])
order by pg_table_size(c.oid) desc, name`;

async function contentOf(client: pg.Client, table: string): Promise<TableContent> {
  const paths = NOT_COMPARED[table] ?? [];
  const ignored = paths.map(({ path }) => ` #- array[${path.map((key) => pg.escapeLiteral(key)).join(", ")}]`);
  const text = paths.length === 0 ? "(r.*)::text" : `(to_jsonb(r.*)${ignored.join("")})::text`;
  // `(r.*)` is the row even if a column is called r. OFFSET keeps the planner from computing the hash twice.
  const result = await client.query<{ rows: string; upper: string; lower: string }>(`
    select count(*) as rows, coalesce(sum(('x' || left(h, 16))::bit(64)::bigint), 0) as upper, coalesce(sum(('x' || right(h, 16))::bit(64)::bigint), 0) as lower
    from (select md5(${text}) as h from only ${table} r offset 0) hashed`);
  const { rows = "0", upper = "0", lower = "0" } = result.rows[0] ?? {};
  return { rows: Number(rows), digest: `${upper}:${lower}` };
}

/** The definitions of only these kinds, as they are now. */
export async function takeObjects<K extends ObjectKind>(
  url: string,
  kinds: readonly K[],
): Promise<Record<K, Record<string, string>>> {
  return withReaders(url, async (leader) => {
    await leader.query(`begin isolation level repeatable read read only; ${PINNED}`);
    return await readObjects(leader, kinds);
  });
}

async function readObjects<K extends ObjectKind>(
  client: pg.Client,
  kinds: readonly K[],
): Promise<Record<K, Record<string, string>>> {
  const entries: [K, Record<string, string>][] = [];
  for (const kind of kinds) {
    const needed = await client.query<{ there: boolean }>(
      "select $1::text is null or to_regclass($1) is not null as there",
      [NEEDED[kind] ?? null],
    );
    if (needed.rows[0]?.there !== true) {
      entries.push([kind, {}]);
      continue;
    }
    const result = await client.query<{ name: string; definition: string | null }>(CATALOGUE[kind]);
    entries.push([
      kind,
      sorted(Object.fromEntries(result.rows.map(({ name, definition }) => [name, definition ?? ""]))),
    ]);
  }
  return Object.fromEntries(entries) as Record<K, Record<string, string>>;
}

async function readSequences(client: pg.Client): Promise<Record<string, string>> {
  const names = await client.query<{ name: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${OUR_SCHEMAS} and n.nspname <> 'cron' and case when c.relkind = 'S' then has_sequence_privilege(c.oid, 'select') else false end order by 1`);
  if (names.rows.length === 0) return {};
  const positions = await client.query<{ name: string; position: string }>(
    names.rows
      .map(
        ({ name }) =>
          `select ${pg.escapeLiteral(name)} as name, last_value || case when is_called then '' else ' (not called yet)' end as position from ${name}`,
      )
      .join(" union all "),
  );
  return sorted(Object.fromEntries(positions.rows.map(({ name, position }) => [name, position])));
}

function unreadable(tables: TableName[]): LeftOut[] {
  return tables
    .filter((table) => !table.readable)
    .map(({ name }) => ({ what: `rows of ${name}`, why: "the comparing role may not read them" }));
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function withReaders<T>(url: string, work: (leader: pg.Client, others: pg.Client[]) => Promise<T>): Promise<T> {
  const clients = Array.from({ length: READERS }, () => {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 10_000,
      application_name: "castchat-compare",
    });
    // The running query reports a lost connection; without a listener it would end the process.
    client.on("error", () => undefined);
    return client;
  });
  const open: pg.Client[] = [];
  try {
    for (const client of clients) {
      await client.connect();
      open.push(client);
    }
    const [leader, ...others] = open;
    if (leader === undefined) throw new Error("No connection to compare with.");
    return await work(leader, others);
  } finally {
    await Promise.all(open.map((client) => client.end()));
  }
}
