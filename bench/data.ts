import { withSession } from "../clients/database.ts";

/** A database to measure with. */
export interface DataSet {
  name: string;
  tables: number;
  /** Of COPY text, about. */
  megabytes: number;
}

/** Rows look like posts: numbers, times, ids that don't compress, words that do. */
const ROW_BYTES = 300;

/** 2000 words, some of them far more often than others, as in a language. */
const WORDS = `(select array_agg(translate(substr(md5(n::text || 'word'), 1, 3 + n % 7), '0123456789', 'ghijklmnop') order by n) as list
  from generate_series(0, 1999) n) as words`;

/** Fills schema `bench`, with a primary key and another index on each table, as the figures were measured with. */
export async function fillDatabase(databaseUrl: string, data: DataSet): Promise<void> {
  const rows = Math.round((data.megabytes * 1e6) / ROW_BYTES / data.tables);
  await withSession(databaseUrl, { applicationName: "bench" }, async (session) => {
    await session.query("drop schema if exists bench cascade; create schema bench");
    for (let table = 0; table < data.tables; table += 1) {
      await session.query(`
        create table bench.t${table} (id bigint primary key, author uuid not null, title text, body text, created_at timestamptz, score numeric, done boolean);
        insert into bench.t${table}
          select n, md5(n::text || 'author')::uuid, 'Casting call no. ' || n || ' ' || substr(md5(n::text), 1, 8),
            (select string_agg(words.list[1 + floor(2000 * power((hashint8extended(n * 31::bigint + i, 7) & 2147483647) / 2147483648.0, 3))::int], ' ')
               from generate_series(1, 26) i),
            '2026-01-01'::timestamptz + n * interval '17 seconds', (n * 7919::bigint % 100000) / 100.0, n % 3 = 0
          from generate_series(1, ${rows}) n, ${WORDS};
        create index on bench.t${table} (created_at)`);
    }
    await session.query("vacuum analyze");
  });
}
