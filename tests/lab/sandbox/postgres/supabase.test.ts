import { existsSync } from "node:fs";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import pg from "pg";

import { startTestDatabase, type TestDatabase } from "../../../support/postgres.ts";

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await startTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    "create table public.posts (id bigserial primary key, author uuid references auth.users (id) on delete cascade)",
  );
  await client.query("create function public.on_user() returns trigger language plpgsql as 'begin return new; end'");
});

afterAll(async () => {
  await client.end();
  await database.stop();
});

/** What a statement ends with, rolled back: "ok" or the SQLSTATE. */
async function outcome(sql: string): Promise<string> {
  await client.query("begin");
  try {
    await client.query(sql);
    return "ok";
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query("rollback");
  }
}

describe("a Supabase-like database", () => {
  it("is Postgres 17 and gives the app's role no superuser rights", async () => {
    const { rows } = await client.query<{ version: string; superuser: string; role: object }>(
      `select current_setting('server_version_num') as version, current_setting('is_superuser') as superuser,
        (select to_jsonb(r) - 'oid' - 'rolconfig' - 'rolpassword' from pg_roles r where rolname = current_user) as role`,
    );
    expect(rows[0]!.version).toMatch(/^17/);
    expect(rows[0]!.superuser).toBe("off");
    expect(rows[0]!.role).toMatchObject({
      rolcreaterole: true,
      rolcreatedb: true,
      rolbypassrls: true,
      rolreplication: true,
    });
  });

  it("refuses a wrong password", async () => {
    const wrong = new pg.Client({ connectionString: database.url.replace(/:[^:@]+@/, ":wrong@") });
    await expect(wrong.connect()).rejects.toMatchObject({ code: "28P01" });
  });

  it("has Supabase's limits and default privileges", async () => {
    expect((await client.query("show statement_timeout")).rows).toEqual([{ statement_timeout: "2min" }]);
    await client.query("create table public.granted (a int)");
    const { rows } = await client.query("select has_table_privilege('anon', 'public.granted', 'insert') as anon");
    expect(rows).toEqual([{ anon: true }]);
  });

  // Source: supabase/postgres, migrations/db (init-scripts, 20230224042246_grant_extensions_perms_for_postgres).
  it("grants on extensions what the published scripts do, also on those that come later", async () => {
    await client.query("create extension citext with schema extensions");
    const { rows } = await client.query(
      `select has_function_privilege('postgres', 'extensions.hmac(bytea, bytea, text)', 'execute with grant option') as first,
         has_function_privilege('postgres', 'extensions.citextin(cstring)', 'execute with grant option') as later,
         (select array_agg(distinct proowner::regrole::text) from pg_proc where pronamespace = 'extensions'::regnamespace and proname in ('hmac', 'citextin')) as owners,
         (select array_agg(a.grantee::regrole::text) from pg_proc p cross join aclexplode(p.proacl) a where p.proname = 'gen_salt' and p.pronargs = 1 and a.grantee <> 0) as roles,
         (select evtowner::regrole::text from pg_event_trigger where evtname = 'issue_pg_net_access') as net`,
    );
    await client.query("drop extension citext");
    expect(rows).toEqual([
      {
        first: true,
        later: true,
        owners: ["supabase_admin"],
        net: "postgres",
        roles: expect.arrayContaining(["postgres", "dashboard_user"]),
      },
    ]);
  });

  it.each([
    "create policy p on storage.objects for select using (true)",
    "create policy p on auth.users for select using (true); drop policy p on auth.users",
    "create trigger t after insert on auth.users for each row execute function public.on_user(); drop trigger t on auth.users",
    "insert into auth.users (id, email, encrypted_password) values (gen_random_uuid(), 'a@b', crypt('x', gen_salt('bf')))",
    "insert into storage.buckets (id, name) values ('b', 'b'); insert into storage.objects (bucket_id, name) values ('b', 'x/y')",
    "select setval('auth.refresh_tokens_id_seq', 10)",
    "set session_replication_role = replica",
    "set role authenticated; select 1 from auth.uid()",
    "create extension citext with schema extensions",
    "create extension pg_trgm",
    "alter publication supabase_realtime add table public.posts",
    "create role reporting nologin",
    "drop table public.posts",
    "truncate auth.users cascade",
    "create schema reports; alter default privileges for role postgres in schema public revoke all on tables from anon",
  ])("lets postgres: %s", async (sql) => {
    expect(await outcome(sql)).toBe("ok");
  });

  it.each([
    ["alter table auth.users add column extra text", "42501"],
    ["set session_replication_role = replica; alter table auth.users add column extra text", "42501"],
    ["alter table storage.objects disable row level security", "42501"],
    ["create table auth.mine (a int)", "42501"],
    ["create index on auth.users (phone)", "42501"],
    ["create or replace function auth.uid() returns uuid language sql as 'select null::uuid'", "42501"],
    ["drop table auth.sessions cascade", "42501"],
    ["drop schema storage cascade", "42501"],
    ["insert into auth.schema_migrations values ('1')", "42501"],
    ["delete from storage.migrations", "42501"],
    ["set role supabase_admin", "42501"],
    ["set role supabase_auth_admin", "42501"],
    ["set role supabase_storage_admin", "42501"],
    ["alter event trigger supabase_refuse_changes disable", "42501"],
    // Supabase lets it make some of its own (supautils), which no plain server does.
    ["create event trigger mine on ddl_command_end execute function extensions.pgrst_ddl_watch()", "42501"],
    ["grant execute on function extensions.hmac(bytea, bytea, text) to postgres with grant option", "0LP01"],
    ["copy (select 1) to program 'true'", "42501"],
    ["create extension file_fdw", "42501"],
    ["create publication everything for all tables", "42501"],
  ])("refuses postgres: %s", async (sql, code) => {
    expect(await outcome(sql)).toBe(code);
  });

  it("applies row level security to authenticated, by the request's claims", async () => {
    await client.query("alter table public.posts enable row level security");
    await client.query("create policy own on public.posts for select to authenticated using (author = auth.uid())");
    const id = "11111111-1111-4111-8111-111111111111";
    await client.query("insert into auth.users (id, email) values ($1, 'rls@castchat.example')", [id]);
    await client.query("insert into public.posts (author) values ($1), (null)", [id]);
    await client.query("begin; set local role authenticated");
    expect((await client.query("select * from public.posts")).rowCount).toBe(0);
    await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify({ sub: id })]);
    expect((await client.query("select * from public.posts")).rowCount).toBe(1);
    await client.query("rollback");
  });
});

describe("startTestDatabase", () => {
  it("leaves neither a server nor files after stop", async () => {
    const other = await startTestDatabase();
    const superuser = new pg.Client({ connectionString: other.superuserUrl });
    await superuser.connect();
    const { rows } = await superuser.query<{ data_directory: string }>("show data_directory");
    await superuser.end();
    await other.stop();
    expect(existsSync(rows[0]!.data_directory)).toBe(false);
    await expect(new pg.Client({ connectionString: other.url }).connect()).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });
});
