import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { findOrphans } from "../../../../recovery/postgres/catalog/orphans.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import type { Throwaway } from "../../../../recovery/postgres/session/throwawayPostgres.ts";
import { restoreSequences } from "../../../../recovery/restore/steps/restoreState.ts";
import { fetchText } from "../../../../recovery/vault/fetchPart.ts";
import type { Manifest } from "../../../../recovery/vault/manifest.ts";
import { checkRestoredDatabase } from "../../../../recovery/verify/testRestore/testRestore.ts";
import { type PreparedThrowaway, prepareThrowaway } from "../../../../recovery/verify/throwaway/prepare.ts";
import { silent } from "../../../../services/common/reporter.ts";
import { forSuite } from "../../../support/suite.ts";
import { startBackingUp } from "../../support/backingUp.ts";
import { runSql } from "../../support/sample.ts";
import { startThrowaways, wishFor } from "../../support/throwaways.ts";

const source = forSuite(() => startBackingUp(40));
const throwaways = forSuite(startThrowaways);
let throwaway: Throwaway;
let prepared: PreparedThrowaway;
let manifest: Manifest;
const signal = new AbortController().signal;
beforeAll(async () => {
  const { database, vault } = source;
  // A reference that the source never validated, with rows that refer to none.
  await database.query(`
    create table public.legacy (id int primary key, post_id bigint);
    insert into public.legacy values (1, 999999), (2, 1);
    alter table public.legacy add constraint legacy_post foreign key (post_id) references public.posts not valid;
    select lo_from_bytea(4711, 'an attachment'), lo_from_bytea(4712, convert_to(repeat('long ', 500000), 'UTF8')), lo_from_bytea(4713, '')`);
  await source.backUp();
  manifest = await source.manifestOf();
  throwaway = await throwaways.create(wishFor({ systemIdentifier: manifest.source.systemIdentifier }));
  const roles = await fetchText({ vault, manifest }, "roles.sql", signal);
  prepared = await prepareThrowaway(throwaway, manifest, roles, signal);
  await source.restoreInto(prepared.targetUrl);
}, 60_000);

// What a flow writes is rolled back, but sequences are not.
beforeEach(() =>
  withSession(throwaway.adminUrl, { applicationName: "test" }, (one) => restoreSequences(one, manifest)),
);

const check = () => checkRestoredDatabase(prepared, manifest, { reporter: silent, signal });
/** The checks that are not ok, by name. */
async function broken(): Promise<Record<string, string>> {
  const lines = await check();
  return Object.fromEntries(lines.filter((line) => line.state === "not ok").map((line) => [line.what, line.detail]));
}
const change = (sql: string) => runSql(throwaway.adminUrl, sql);

// Names of checks, and what the detail of one holds.
const DEFINITIONS = "columns, indexes, functions, views, types";
const ROWS = "rows and fingerprints";
const SECURITY = "row level security";
const has = (text: string) => expect.stringContaining(text) as unknown;

const WRITE_OWN = `create policy "own posts are written" on public.posts for insert to authenticated with check (author_id = auth.uid())`;
const KEEP_PASSWORDS =
  "create table castchat_recovery.kept as select id, encrypted_password from auth.users; set session_replication_role = replica";
const GIVE_PASSWORDS_BACK = `set session_replication_role = replica; update auth.users u set encrypted_password = k.encrypted_password
  from castchat_recovery.kept k where k.id = u.id; drop table castchat_recovery.kept`;

describe("checkRestoredDatabase", () => {
  it("finds no fault after a restore, and keeps constraints that the source had not validated", async () => {
    const lines = await check();
    expect(lines.filter((line) => line.state === "not ok")).toEqual([]);
    const detail = (what: string) => lines.find((line) => line.what === what)!.detail;
    const unvalidated = "not validated in the source either: 1 row of public.legacy violates legacy_post";
    expect(detail("references")).toContain(unvalidated);
    expect(detail("constraints")).toContain("1 not validated, as in the source");
  });

  it("takes a policy that raises an error of its own for a refusal, as in the source, and names the table", async () => {
    const rules: [using: string, said: string][] = [
      ["current_setting('app.tenant') = 'x'", 'unrecognized configuration parameter "app.tenant"'],
      ["coalesce(current_setting('app.other', true), '')::uuid = id", "invalid input syntax for type uuid"],
      ["public.raising()", "not for you"],
      ["exists (select from public.rule_4)", "infinite recursion detected in policy"],
      ["auth.gone()", "function auth.gone() does not exist"],
    ];
    await change(`create function public.raising() returns boolean language plpgsql stable as $$ begin raise exception 'not for you' using errcode = 'PT403'; end $$;
      create function auth.gone() returns boolean language sql stable as 'select true';
      create function public.going() returns boolean language plpgsql stable as $$ begin return auth.gone(); end $$`);
    for (const [at, [using]] of rules.entries())
      await change(`create table public.rule_${at + 1} (id uuid); alter table public.rule_${at + 1} enable row level security; insert into public.rule_${at + 1} values (gen_random_uuid());
        grant select on public.rule_${at + 1} to anon; create policy p on public.rule_${at + 1} for select using (${using.replace("auth.gone()", "public.going()")})`);
    await change("drop function auth.gone()");
    const visitor = (await check()).find(({ what }) => what === "row level security for visitors")!;
    expect(visitor).toMatchObject({ state: "not ok", detail: "public.rule_5: function auth.gone() does not exist" });
    await change("drop table public.rule_5; drop function public.going()");
    const { state, detail } = (await check()).find(({ what }) => what === "row level security for visitors")!;
    expect(state).toBe("ok");
    expect(detail).toMatch(/and may not read \d+ of them, some by a rule of the app's own that raises an error/);
    for (const [at, [, said]] of rules.slice(0, 4).entries())
      expect(detail).toContain(`public.rule_${at + 1}: ${said}`);
    const posts = await broken();
    expect(posts["read posts"]).toBeUndefined();
    await change("create policy tenants on public.posts as restrictive using (current_setting('app.tenant') = 'x')");
    const flows = (await check()).filter(({ what }) => what === "read posts" || what === "write a post");
    expect(flows.map((one) => one.state)).toEqual(["not checked", "not checked"]);
    expect(flows[0]!.detail).toContain(
      'a rule of public.posts raises an error for a caller that sends only an account\'s claims (unrecognized configuration parameter "app.tenant")',
    );
    await change(
      `drop policy tenants on public.posts; drop table public.rule_1, public.rule_2, public.rule_3, public.rule_4; drop function public.raising()`,
    );
  }, 30_000);

  // Each change with the checks that see it, and the way back.
  it.each<[string, string, Record<string, unknown>, string]>([
    [
      "a row that was altered",
      "update public.page_views set path = '/other' where path = '/posts/1'",
      { [ROWS]: "public.page_views has other content in its 15 rows" },
      "update public.page_views set path = '/posts/1' where path = '/other'",
    ],
    [
      "rows that violate a foreign key",
      "set session_replication_role = replica; update public.messages set reply_to = 4711 where id = 3",
      {
        [ROWS]: has("public.messages has other content"),
        references: "1 row of public.messages violates messages_reply_to_fkey",
      },
      "set session_replication_role = replica; update public.messages set reply_to = 2 where id = 3",
    ],
    [
      "a constraint that is no longer validated",
      `alter table public.posts drop constraint closed_has_date;
       alter table public.posts add constraint closed_has_date check (status <> 'closed' or closed_at is not null) not valid`,
      {
        constraints:
          "constraint public.posts.closed_has_date is NOT VALID here but not in the source, or is defined differently",
      },
      "alter table public.posts validate constraint closed_has_date",
    ],
    [
      "a sequence that starts again",
      "select setval('public.posts_id_seq', 1)",
      {
        sequences: "sequence public.posts_id_seq stands at 1 instead of 40",
        "write a post": has('violates unique constraint "posts_pkey"'),
      },
      "select setval('public.posts_id_seq', 40)",
    ],
    [
      "a large object with another content behind its first megabyte",
      "select lo_put(4712, 2000000, 'X')",
      { "large objects": "there are 3 large objects as in the backup, but with other content" },
      "select lo_put(4712, 2000000, 'l')",
    ],
    [
      "a large object that is gone",
      "select lo_unlink(4713)",
      { "large objects": "there are 2 large objects instead of 3" },
      "select lo_from_bytea(4713, ''); alter large object 4713 owner to postgres",
    ],
    [
      "row level security that is off",
      "alter table public.messages disable row level security",
      { [SECURITY]: "relation public.messages is defined otherwise" },
      "alter table public.messages enable row level security",
    ],
    [
      "a policy that is open to visitors",
      `create policy "everything" on public.applications for select to public using (true); grant select on public.applications to anon`,
      {
        [SECURITY]: "policy public.applications.everything is not in the backup",
        grants: "rights on relation public.applications is defined otherwise",
      },
      `drop policy "everything" on public.applications; revoke select on public.applications from anon`,
    ],
    [
      "a trigger that is off",
      "alter table public.users disable trigger users_touched",
      { triggers: "trigger public.users.users_touched is defined otherwise" },
      "alter table public.users enable trigger users_touched",
    ],
    [
      "a table too many, and a column too few",
      "create table public.stray (id int); alter table public.empty_table rename column late to later",
      {
        tables: "public.empty_table lacks the column late; public.stray is not in the backup",
        [ROWS]: has("public.empty_table lacks a column"),
        [DEFINITIONS]: has("column public.empty_table.late is missing"),
        [SECURITY]: "relation public.stray is not in the backup",
        grants: "rights on relation public.stray is not in the backup",
      },
      "drop table public.stray; alter table public.empty_table rename column later to late",
    ],
    [
      "a partition that hangs on its parent no longer",
      "alter table public.logs detach partition public.logs_info",
      { [DEFINITIONS]: has("inheritance public.logs_info is missing") },
      "alter table public.logs attach partition public.logs_info for values in ('info')",
    ],
    [
      "a domain that takes other values, and a composite type with another field",
      "alter domain public.stars drop constraint stars_range; alter type public.pay_range add attribute extra int",
      {
        [DEFINITIONS]: "composite type public.pay_range is defined otherwise; domain public.stars is defined otherwise",
        [ROWS]: has("public.posts has other content"),
      },
      "alter domain public.stars add constraint stars_range check (value between 1 and 5); alter type public.pay_range drop attribute extra",
    ],
    [
      "an extension that is gone",
      "drop index public.posts_title_trigrams; drop extension pg_trgm",
      {
        extensions: "pg_trgm is missing",
        [DEFINITIONS]: "index public.posts_title_trigrams is missing",
      },
      "create extension pg_trgm with schema extensions; create index posts_title_trigrams on public.posts using gin (title extensions.gin_trgm_ops)",
    ],
    [
      "posts that no role may write",
      `drop policy "own posts are written" on public.posts`,
      { [SECURITY]: 'policy public.posts."own posts are written" is missing' },
      WRITE_OWN,
    ],
    [
      "posts that a policy keeps every role from writing",
      "create policy closed on public.posts as restrictive for insert to authenticated with check (false)",
      {
        [SECURITY]: "policy public.posts.closed is not in the backup",
        "write a post": has("none of 20 accounts can write a post: new row violates row-level security"),
      },
      "drop policy closed on public.posts",
    ],
    [
      "applications whose trigger fails",
      "alter table public.application_history add constraint broken check (false) not valid",
      {
        constraints: "constraint public.application_history.broken is not in the backup",
        "apply to a post": has('violates check constraint "broken"'),
      },
      "alter table public.application_history drop constraint broken",
    ],
    [
      "posts that their own authors don't see",
      "create policy hidden on public.posts as restrictive for select to authenticated using (false)",
      {
        [SECURITY]: "policy public.posts.hidden is not in the backup",
        "read posts": "an account that has posts sees none of them in public.posts",
      },
      "drop policy hidden on public.posts",
    ],
    [
      "a password that is no hash, and an identity without its account",
      `${KEEP_PASSWORDS}; update auth.users set encrypted_password = 'plain' where email = 'demo1@castchat.example';
       insert into auth.identities (id, provider_id, user_id, identity_data, provider) values ('00000000-0000-0000-0000-00000000000a', 'x', '00000000-0000-0000-0000-00000000000b', '{}', 'email')`,
      {
        "stored passwords": "1 of 10 stored passwords are not hashes that the Auth service accepts",
        "accounts and identities": "1 identities belong to no account",
        references: "1 row of auth.identities violates identities_user_id_fkey",
        [ROWS]: expect.stringMatching(/auth\.identities has 11 rows instead of 10.*auth\.users has other content/),
      },
      `${GIVE_PASSWORDS_BACK}; delete from auth.identities where provider_id = 'x'`,
    ],
    [
      "a wrong password that is accepted",
      `${KEEP_PASSWORDS}; update auth.users set encrypted_password = extensions.crypt('castchat-recovery verify: a wrong password', extensions.gen_salt('bf', 4))
         where id = (select id from auth.users where encrypted_password ~ '^[$]2' order by id limit 1)`,
      {
        "a wrong password": "a wrong password is accepted",
        [ROWS]: has("auth.users has other content"),
      },
      GIVE_PASSWORDS_BACK,
    ],
    [
      "a login that the API no longer has",
      "alter role authenticator nologin",
      { "the API's login": has('"authenticator"') },
      "alter role authenticator login",
    ],
  ])("sees %s", async (_case, sql, expected, back) => {
    await change(sql);
    const found = await broken();
    await change(back);
    expect(found).toEqual(expected);
  });

  // What the source has too is no fault of the backup.
  it.each<[flow: string, string, string, string, string]>([
    [
      "write a post",
      "a copy of a post is its double by a key of the app's own",
      `alter table public.posts add column slug text; set session_replication_role = replica; update public.posts set slug = 'post ' || id;
       create unique index posts_slug on public.posts (lower(slug)); grant insert (slug) on public.posts to authenticated`,
      "not checked here: a copy of a post would violate the unique key posts_slug",
      "alter table public.posts drop column slug",
    ],
    [
      "apply to a post",
      "a copy of an application is its double",
      "create unique index one_a_time on public.applications (applicant_id, applied_at)",
      "not checked here: a copy of an application would violate the unique key one_a_time",
      "drop index public.one_a_time",
    ],
    [
      "write a post",
      "posts are not written by the users themselves",
      `drop policy "own posts are written" on public.posts`,
      "not checked here: no policy of public.posts lets authenticated write",
      WRITE_OWN,
    ],
  ])("does not call it a failure to %s that %s", async (flow, _case, sql, expected, back) => {
    await change(sql);
    const lines = await check();
    await change(back);
    const line = lines.find(({ what }) => what === flow);
    expect(line).toMatchObject({ state: "not checked", detail: expected });
  });

  it("sets what the API sets, for policies that look at the request", async () => {
    await change(
      `create policy "by request" on public.posts for select to anon, authenticated
         using (current_setting('request.method') = 'GET' and (current_setting('request.headers')::json ->> 'x-app') is null
           and current_setting('request.path') <> '' and current_setting('request.cookies')::json is not null)`,
    );
    const found = await broken();
    await change('drop policy "by request" on public.posts');
    expect(found).toEqual({ [SECURITY]: 'policy public.posts."by request" is not in the backup' });
  });

  it("finds what the manifest has and the database lacks, with each check", async () => {
    const posts = manifest.tables.find(({ name }) => name === "posts")!;
    const other = {
      ...manifest,
      extensions: manifest.extensions.map((one) => (one.name === "pg_trgm" ? { ...one, version: "0.1" } : one)),
      tables: [...manifest.tables, { ...posts, name: "nowhere" }],
    };
    const lines = await checkRestoredDatabase(prepared, other, { reporter: silent, signal });
    const failed = lines.filter((line) => line.state === "not ok").map((line) => [line.what, line.detail]);
    expect(Object.fromEntries(failed)).toEqual({
      tables: "public.nowhere is missing",
      extensions: expect.stringMatching(/^pg_trgm is of version [1-9]\S*, the backup's is 0\.1$/),
      [ROWS]: "public.nowhere is missing",
      "the query on pg_stat_user_tables": "public.nowhere is not in it",
    });
  });

  it("never runs the backup's code as a superuser", async () => {
    await change(
      `create function public.takes_over() returns trigger language plpgsql as $$ begin
         perform set_config('role', 'none', true);
         if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
           raise exception 'a trigger of the backup is a superuser';
         end if;
         perform set_config('role', 'authenticated', true);
         return new;
       end $$;
       create trigger takes_over before insert on public.posts for each row execute function public.takes_over()`,
    );
    const found = await broken();
    await change("drop trigger takes_over on public.posts; drop function public.takes_over()");
    expect(Object.keys(found)).not.toContain("write a post");
  });

  it("finds no fault after each change was undone", async () => {
    expect(await broken()).toEqual({});
  });
});

describe("findOrphans", () => {
  it("checks composite, partitioned and custom references by their own operators", async () => {
    await change(`
      create table public.parents (a int, b extensions.citext, primary key (a, b));
      create table public.simple (id int, a int, b extensions.citext, constraint simple_ref foreign key (a, b) references public.parents);
      create table public.whole (id int, a int, b extensions.citext, constraint whole_ref foreign key (a, b) references public.parents match full);
      create table public.areas (id int, region text, primary key (id, region)) partition by list (region);
      create table public.areas_x partition of public.areas for values in ('x');
      create table public.areas_y partition of public.areas for values in ('y');
      create table public.visits (id int, region text, area int, constraint visits_area foreign key (area, region) references public.areas) partition by list (region);
      create table public.visits_x partition of public.visits for values in ('x');
      create table public.visits_y partition of public.visits for values in ('y');
      insert into public.parents values (1, 'One');
      insert into public.simple values (1, 1, 'ONE'), (2, null, 'none'), (3, null, null);
      insert into public.whole values (1, 1, 'oNe'), (2, null, null);
      insert into public.areas values (1, 'x'), (2, 'y');
      insert into public.visits values (1, 'x', 1), (2, 'y', 2), (3, 'y', null)`);
    const look = () =>
      withSession(throwaway.adminUrl, { applicationName: "test" }, (session) => findOrphans(session, "k.convalidated"));
    const clean = await look();
    expect(clean.orphans).toEqual([]);
    await change(`
      set session_replication_role = replica;
      insert into public.simple values (4, 2, 'One'), (5, 1, 'two');
      insert into public.whole values (3, 1, null);
      insert into public.visits values (4, 'x', 2)`);
    const found = await look();
    expect(found.references).toBe(clean.references);
    expect(found.orphans.map(({ name, constraint, rows }) => [name, constraint, rows])).toEqual([
      ["simple", "simple_ref", 2],
      ["visits_x", "visits_area", 1],
      ["whole", "whole_ref", 1],
    ]);
    await change("drop table public.simple, public.whole, public.parents, public.visits, public.areas");
  });
});
