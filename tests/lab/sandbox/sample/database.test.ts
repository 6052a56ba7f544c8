import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { compareSnapshots } from "../../../../lab/drills/compare/compare.ts";
import { takeSnapshot } from "../../../../lab/drills/compare/snapshot.ts";
import { withClient } from "../../../../lab/sandbox/postgres/client.ts";
import { applySchema, fill, type FillProgress } from "../../../../lab/sandbox/sample/database.ts";
import { demoUser } from "../../../../lab/sandbox/sample/demoUser.ts";
import { writeMoreRows } from "../../../../lab/sandbox/sample/moreRows.ts";
import { startTestDatabase, type TestDatabase } from "../../../support/postgres.ts";

const ROWS = 200;
const AT = new Date("2026-11-20T10:00:00Z");
let server: TestDatabase;
const progress: FillProgress[] = [];

beforeAll(async () => {
  server = await startTestDatabase();
  await applySchema(server.url);
  await copy("postgres", "again");
  await copy("postgres", "seeded");
  await copy("postgres", "smallest");
  await fill(server.url, { rows: ROWS, onProgress: (step) => progress.push(step) });
  await copy("postgres", "later");
  await copy("template1", "bare");
}, 60_000);
afterAll(() => server.stop());

/** Another database of the same server. */
function at(name: string): string {
  return server.url.replace(/\/postgres$/, `/${name}`);
}

async function copy(from: string, to: string): Promise<void> {
  await query(
    `create database ${to} template ${from} owner postgres`,
    server.superuserUrl.replace(/\/postgres$/, "/template1"),
  );
}

async function query(sql: string, url = server.url): Promise<Record<string, unknown>[]> {
  return await withClient(url, async (client) => {
    // Several statements give several results, which pg's types don't know; the last one with rows counts.
    const results = [await client.query<Record<string, unknown>>(sql)].flat();
    return results.findLast(({ rows }) => rows.length > 0)?.rows ?? [];
  });
}

describe("fill", () => {
  it("writes the given number of posts, and other rows in proportion", async () => {
    const counts = await query(
      `select (select count(*)::int from auth.users) as auth, (select count(*)::int from public.users) as users, (select count(*)::int from public.posts) as posts,
        (select count(*)::int from public.applications) as applications, (select count(*)::int from public.logs) as logs, (select count(*)::int from storage.objects) as objects`,
    );
    expect(counts[0]).toEqual({
      auth: 50,
      users: 50,
      posts: ROWS,
      applications: 3 * ROWS,
      logs: 3 * ROWS,
      objects: ROWS / 10,
    });
    const [size] = await query(
      "select sum(pg_total_relation_size(oid))::int as bytes from pg_class where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'",
    );
    expect(size!["bytes"]).toBeGreaterThan(2_000_000);
  });

  it("holds every awkward value at any size", async () => {
    const [values] = await query(`select
      (select count(*)::int from public.awkward_values) as all,
      (select text_value from public.awkward_values where id = 3) as marker,
      (select max(length(text_value)) from public.awkward_values) as longest,
      (select count(distinct get_byte(bytes, n))::int from public.awkward_values, generate_series(0, 255) n where id = 30) as bytes,
      (select bool_or(double_value = 'NaN') and bool_or(double_value = '-Infinity') and bool_or(numeric_value = 'Infinity') from public.awkward_values) as numbers,
      (select bool_or(day = 'infinity') and bool_or(duration = '-infinity') and bool_or(upper(period) = 'infinity') from public.awkward_values) as dates,
      (select bool_or(texts[1] is null and texts[2] = 'NULL') from public.awkward_values) as arrays,
      (select json_value::text from public.awkward_values where id = 40) as json,
      (select count(*)::int from public."Casting 募集" where "出演者 名" like '%''%\\\\%') as quoted`);
    expect(values).toEqual({
      all: 44,
      marker: "\\N",
      longest: 1_048_576,
      bytes: 256,
      numbers: true,
      dates: true,
      arrays: true,
      json: '{"b" : 1,  "a":2, "b": 3, "nul": "\\u0000"}',
      quoted: 1,
    });
  });

  it("has nothing after its fixed last moment", async () => {
    const [newest] =
      await query(`select greatest((select max(greatest(created_at, updated_at, closed_at)) from public.posts),
      (select max(greatest(applied_at, decided_at)) from public.applications), (select max(logged_at) from public.logs), (select max(sent_at) from public.messages),
      (select max(greatest(created_at, last_sign_in_at)) from auth.users), (select max(last_accessed_at) from storage.objects)) as at,
      (select count(*)::int from public.logs_error_2024_12) as partitioned`);
    expect(newest?.["at"]).toEqual(new Date("2025-01-01T00:00:00Z"));
    expect(newest?.["partitioned"]).toBeGreaterThan(0);
  });

  it("accepts the demo users' known passwords", async () => {
    for (const n of [1, 7, 10, 23]) {
      const { id, email, password } = demoUser(n);
      const found = await query(
        `select id, encrypted_password = extensions.crypt('${password}', encrypted_password) as right,
          encrypted_password = extensions.crypt('wrong', encrypted_password) as wrong from auth.users where email = '${email}'`,
      );
      expect(found).toEqual([{ id, right: true, wrong: false }]);
    }
  });

  it("is the same again, also after an aborted fill, and different with another seed", async () => {
    const stop = new AbortController();
    const aborted = fill(at("again"), {
      rows: ROWS,
      signal: stop.signal,
      onProgress: ({ table }) => table === "public.messages" && stop.abort(),
    });
    await expect(aborted).rejects.toThrow(/abort/i);
    expect(await query("select count(*)::int as n from auth.users", at("again"))).toEqual([{ n: 0 }]);

    await fill(at("again"), { rows: ROWS });
    const first = await takeSnapshot(server.url);
    expect(compareSnapshots(first, await takeSnapshot(at("again")))).toEqual([]);

    await fill(at("seeded"), { rows: ROWS, seed: 2 });
    const names = compareSnapshots(first, await takeSnapshot(at("seeded"))).map(({ name }) => name);
    expect(names).toContain("public.posts");
  });

  it("reports progress, step by step up to the total", () => {
    expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).sort((a, b) => a - b));
    expect(progress.map(({ table }) => table)).toEqual(
      expect.arrayContaining(["auth.users", "public.posts", "storage.objects"]),
    );
    expect(progress.at(-1)?.done).toBe(progress.at(-1)?.total);
  });

  it("can be filled with a single post", async () => {
    await expect(fill(at("smallest"), { rows: 1 })).resolves.toBeGreaterThan(0);
    expect(
      await query(
        "select (select count(*)::int from public.posts) as posts, (select count(*)::int from public.awkward_values) as awkward",
        at("smallest"),
      ),
    ).toEqual([{ posts: 1, awkward: 44 }]);
  });

  it("refuses what can't be filled, and names the remedy", async () => {
    await expect(fill(server.url, { rows: ROWS })).rejects.toThrow("already holds data");
    await expect(fill(server.url, { rows: 0 })).rejects.toThrow("whole number of posts");
    await expect(fill(server.url, { rows: 1.5 })).rejects.toThrow("whole number of posts");
    await expect(fill("postgresql://postgres:hidden@127.0.0.1:1/postgres", { rows: 1 })).rejects.toThrow(
      /can't be reached .*Start it/,
    );
    await expect(fill(at("bare"), { rows: 1 })).rejects.toThrow("has no sample schema");
    await expect(applySchema(server.url)).rejects.toThrow("already exists");
  });
});

describe("the schema", () => {
  it("has sequences that continue after the filled rows", async () => {
    const [next] = await query(
      "begin; select nextval('public.posts_id_seq')::int as posts, nextval('public.invoice_numbers')::int as invoice, nextval('auth.refresh_tokens_id_seq')::int as token",
    );
    expect(next).toEqual({ posts: ROWS + 1, invoice: 2001, token: 4 });
  });

  it("hides drafts from anonymous readers, and refuses writes in another user's name", async () => {
    const [seen] = await query(
      "begin; set local role anon; select count(*)::int as n, count(*) filter (where status <> 'published')::int as hidden from public.posts",
    );
    expect(seen).toMatchObject({ hidden: 0 });
    expect(seen?.["n"]).toBeGreaterThan(0);
    const write = (author: string) =>
      query(`begin; select set_config('request.jwt.claims', '{"sub": "${demoUser(1).id}"}', true); set local role authenticated;
        insert into public.posts (author_id, title, body) values ('${author}', 'x', 'y') returning author_id; rollback`);
    await expect(write(demoUser(2).id)).rejects.toThrow("row-level security");
    await expect(write(demoUser(1).id)).resolves.toBeDefined();
  });
});

describe("writeMoreRows", () => {
  it("adds users, posts and applications through the triggers, as often as asked", async () => {
    expect(await writeMoreRows(at("later"), { count: 10, at: AT })).toEqual({ users: 3, posts: 10, applications: 10 });
    expect(await writeMoreRows(at("later"), { count: 1, at: AT })).toEqual({ users: 1, posts: 1, applications: 1 });
    const [found] = await query(
      `select (select count(*)::int from public.users) as users, (select count(*)::int from public.posts) as posts, (select count(*)::int from public.applications) as applications,
        (select max(created_at) from public.posts) as newest, (select count(*)::int from public.application_history) - (select count(*)::int from public.applications) as history`,
      at("later"),
    );
    expect(found).toEqual({
      users: 54,
      posts: ROWS + 11,
      applications: 3 * ROWS + 11,
      newest: new Date(AT.getTime() + 10),
      history: 3,
    });
  });

  it("refuses an empty database and an invalid count", async () => {
    await expect(writeMoreRows(server.url, { count: 0, at: AT })).rejects.toThrow("whole number");
    await copy("seeded", "emptied");
    await query("truncate auth.users cascade", server.superuserUrl.replace(/\/postgres$/, "/emptied"));
    await expect(writeMoreRows(at("emptied"), { count: 1, at: AT })).rejects.toThrow("Fill it first");
  });
});
