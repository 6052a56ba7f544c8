import { beforeAll, describe, expect, it } from "@jest/globals";

import { forSuite } from "../../support/suite.ts";
import { startRestoring } from "../support/restoring.ts";

/** What a project got in schemas that no backup defines. By a superuser, since the sandbox's `postgres` may not do so any more. */
const ELSEWHERE = `
  create function auth.is_admin() returns boolean language sql stable as 'select true'; create type auth.kind as enum ('a', 'b');
  create table auth.mine (id int); create schema legacy; create table legacy.orders (id int); grant usage on schema legacy to postgres; grant select on legacy.orders, auth.mine to postgres;
  alter table auth.users add column nickname text; insert into auth.users (id, email, nickname) values ('00000000-0000-4000-8000-000000000001', 'a@example.com', E'Nick\\t"x"');
  grant usage on type auth.kind to postgres; grant execute on function auth.is_admin() to postgres`;
const APP = `
  create table public.posts (id int primary key, made boolean default auth.is_admin() not null, kind auth.kind,
    note text default 'x', constraint allowed check (id > 0 or auth.is_admin()));
  insert into public.posts (id, kind) values (1, 'b'), (2, null);
  alter table public.posts enable row level security;
  create policy open on public.posts for select using (true); create policy admins on public.posts for update using (auth.is_admin());
  create policy narrow on public.posts as restrictive for select to anon using (auth.is_admin());
  create view public.mine as select id from auth.mine; grant select on public.mine, public.posts to anon;
  create view public.of_mine as select id from public.mine; create view public.old as select id from legacy.orders;
  create materialized view public.nicks as select nickname from auth.users; create index on public.nicks (nickname);
  create view public.fine as select id from public.posts; grant select on public.fine to anon;
  create policy pictures on storage.objects for select using (auth.is_admin());
  create policy all_pictures on storage.objects for select using (true)`;

const started = forSuite(startRestoring);
beforeAll(async () => {
  const { database, backUp } = started;
  await database.asSuperuser(ELSEWHERE);
  await database.query(APP);
  await backUp();
}, 60_000);

describe("a backup that needs what no backup holds, in a project that lacks it", () => {
  let notes: string[];
  let lost: string[];
  it("is restored without that, and each of it is named with the reason and what to do", async () => {
    ({ notes, lost } = await started.restore());
    const about = (name: string) => notes.find((note) => note.startsWith(`Not restored: ${name}`));
    const because = (name: string) =>
      new RegExp(`because ${name.replaceAll(/[().]/g, "\\$&")} does not exist. No backup holds that\\. `);
    expect(about("what the column made of public posts computes by itself")).toMatch(
      because("function auth.is_admin()"),
    );
    expect(about("the type of column kind of public posts")).toMatch(because('type "auth.kind"'));
    expect(about("constraint allowed of public posts")).toMatch(/then run: alter table … add CONSTRAINT allowed CHECK/);
    expect(about("POLICY public posts admins")).toMatch(/then run: CREATE POLICY admins ON public\.posts FOR UPDATE/);
    expect(about("POLICY public posts narrow")).toMatch(/A policy of that name lets nothing pass until then/);
    expect(about("VIEW public mine")).toMatch(because('relation "auth.mine"'));
    expect(about("VIEW public of_mine")).toMatch(because('relation "public.mine"'));
    expect(about("VIEW public old")).toMatch(because('relation "legacy.orders"'));
    expect(about("MATERIALIZED VIEW public nicks")).toMatch(/nickname.* does not exist/);
    expect(about("POLICY storage.objects pictures")).toMatch(because("function auth.is_admin()"));
    expect(about("the values of nickname in auth.users")).toMatch(/because the target has no such column/);
    expect(lost).toEqual([about("the values of nickname in auth.users")]);
    expect(notes.filter((note) => !/^Not restored: |^Held back/.test(note))).toEqual([
      "Nothing is lost: the target has no table auth.mine. The backup has no rows of it.",
    ]);
  }, 60_000);

  it("has all the rest, and is no more open than the source", async () => {
    const { target } = started;
    expect(await target.query("select id, made, kind::text, note from public.posts order by 1")).toEqual([
      { id: 1, made: true, kind: "b", note: "x" },
      { id: 2, made: true, kind: null, note: "x" },
    ]);
    expect(await target.query("select email from auth.users")).toEqual([{ email: "a@example.com" }]);
    const policies =
      "select tablename || ' ' || policyname as name, qual from pg_policies where schemaname in ('public', 'storage') order by 1";
    expect(await target.query(policies)).toEqual([
      { name: "objects all_pictures", qual: "true" },
      { name: "posts narrow", qual: "false" },
      { name: "posts open", qual: "true" },
    ]);
    const views =
      "select relname as name, has_table_privilege('anon', oid, 'select') as seen from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace";
    expect(await target.query(views)).toEqual([{ name: "fine", seen: true }]);
  });
});
