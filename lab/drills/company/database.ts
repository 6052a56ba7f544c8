import { withClient } from "../../sandbox/postgres/client.ts";

/** The size of a database. */
export interface DatabaseSize {
  /** Number of rows in all tables of the app, auth and storage. */
  rows: number;
  tables: number;
  /** Heap, indexes and TOAST, in bytes. */
  tablesBytes: number;
}

/** The posts with that title, read directly from the database. */
export async function findPosts(databaseUrl: string, title: string): Promise<{ author: string }[]> {
  const sql = "select author_id as author from public.posts where title = $1";
  return (await withClient(databaseUrl, (client) => client.query<{ author: string }>(sql, [title]))).rows;
}

/** Version of a database's server, "17.10". */
export async function serverVersion(url: string): Promise<string> {
  const sql = "select current_setting('server_version') as version";
  return (await withClient(url, (client) => client.query<{ version: string }>(sql))).rows[0]?.version ?? "unknown";
}

/** Measures a database by counting, because the statistics of a fresh database are estimates. */
export async function databaseSize(url: string): Promise<DatabaseSize> {
  return await withClient(url, async (client) => {
    const tables = await client.query<{ name: string; bytes: string }>(
      `select format('%I.%I', n.nspname, c.relname) as name, pg_total_relation_size(c.oid) as bytes
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema$|castchat_recovery$)'`,
    );
    let rows = 0;
    for (const { name } of tables.rows) {
      const counted = await client.query<{ n: string }>(`select count(*) as n from only ${name}`);
      rows += Number(counted.rows[0]?.n ?? 0);
    }
    const tablesBytes = tables.rows.reduce((sum, table) => sum + Number(table.bytes), 0);
    return { rows, tables: tables.rows.length, tablesBytes };
  });
}
