import { afterEach, describe, expect, it } from "@jest/globals";

import type { Danger } from "../../../../recovery/postgres/session/confirmation.ts";
import { connect } from "../../../../recovery/postgres/session/database.ts";
import { restoreTables, type RestoreTablesOptions } from "../../../../recovery/restore/tables/restoreTables.ts";
import { PromiseError, UserError } from "../../../../services/common/errors.ts";
import type { Vault } from "../../../../services/vault/vault.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { startTargetServer } from "../../../support/targetServer.ts";
import { brisk } from "../../../support/timing.ts";
import { startTestCloud } from "../../support/cloud.ts";
import { putInPlace } from "../../support/inPlace.ts";
import { childOf, doAt, killedAt } from "../../support/killing.ts";
import { contentOf, definitionOf, fillSample, recoveryLogOf, tamper } from "../../support/sample.ts";
import { newSite, prepared } from "../../support/source.ts";
import { withUnreadable } from "../../support/unreadable.ts";
import { stopWatching, watch } from "../../support/watching.ts";

const cloud = forSuite(startTestCloud);
const live = forSuite(() =>
  prepared(startTargetServer(), async (server) => {
    await fillSample(server.url, 80);
    const site = await newSite(cloud);
    const saved = await site.backUp(server.url);
    await server.keep();
    return { ...site, saved, content: await contentOf(server.url) };
  }),
);
afterEach(async () => {
  stopWatching();
  await live.asSuperuser("grant set on parameter session_replication_role to postgres");
  await live.renew();
});

const asked: Danger[] = [];
const restore = (tables: string[], more: Partial<RestoreTablesOptions> = {}) =>
  restoreTables({
    ...live.common,
    targetUrl: live.url,
    tables,
    timing: brisk,
    confirm: (danger) => Promise.resolve(void asked.push(danger)),
    ...more,
  });
const expectRefused = (tables: string[], message: string | RegExp) => expect(restore(tables)).rejects.toThrow(message);
/** The rows are these, and no restore has left anything. */
async function expectContent(expected: object): Promise<void> {
  expect(await contentOf(live.url)).toEqual(expected);
  const left = await live.query(`select nspname from pg_namespace where nspname like 'castchat_recovery_tables%'
     union all select restore_id from castchat_recovery.restored_tables union all select step from castchat_recovery.journal`);
  expect(left).toEqual([]);
}

describe("restore of tables into a live database", () => {
  it("replaces their rows, says before what is lost, and changes nothing else", async () => {
    const { content, saved } = live;
    const definition = definitionOf(live.superuserUrl);
    await live.query(`update public.applications set cover_letter = 'altered' where id % 3 = 0; delete from public.applications where id % 7 = 0;
       insert into public.page_views values ('/new', now()); insert into public."Casting 募集" ("出演者 名") values ('x');
       delete from public.logs where level = 'info'; update public.posts set tags = '{wrong}' where id = 1;
       refresh materialized view public.tag_counts;
       select setval('public.applications_id_seq', 100000)`);
    const damaged = await contentOf(live.url);
    asked.length = 0;
    const names = ["applications", "page_views", '"Casting 募集"', "logs", "posts"].map((name) => `public.${name}`);
    const result = await withUnreadable(live.vault, async (said) => {
      const restored = await restore(names);
      expect([asked[0]!.lines[0], restored.notes[0]]).toEqual([
        expect.stringMatching(said),
        expect.stringMatching(said),
      ]);
      return restored;
    });
    const after = await contentOf(live.url);
    // application_history is written by triggers of applications: they must not have acted.
    for (const [name, digest] of Object.entries(after)) {
      const isRestored = /^public\.(applications|page_views|Casting 募集|logs_.*|posts)$/.test(name);
      expect([name, digest]).toEqual([name, isRestored ? content[name] : damaged[name]]);
    }
    expect(await live.query("select tag from public.tag_counts where tag = 'wrong'")).toEqual([]);
    expect(definitionOf(live.superuserUrl)).toBe(definition);
    // Given out since, so it is never given out again.
    const last = "select last_value::int from public.applications_id_seq";
    expect(await live.query(last)).toEqual([{ last_value: 100000 }]);
    expect(asked.map(({ names }) => names)).toEqual([[`127.0.0.1:${live.port}/postgres`]]);
    const rowsOf = (contents: Record<string, string>, name: string) => contents[name]!.split(":")[0];
    expect(asked[0]!.lines).toContain(
      `public.applications: its ${rowsOf(damaged, "public.applications")} rows are deleted and replaced by the ${rowsOf(content, "public.applications")} rows of ${saved.snapshotAt}.`,
    );
    expect(result.backupId).toBe(saved.backupId);
    expect(result.tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["public.logs_info", "public.logs_error_2024_11", "public.Casting 募集"]),
    );
    await expectContent(after);
    const [log] = await recoveryLogOf(live.vault);
    expect(log!.entry).toMatchObject({ what: "restore of tables", result: "done", backupId: saved.backupId });
  }, 60_000);

  it("sets sequences behind what has come back, and brings back accounts as well", async () => {
    await live.query(`truncate public.messages restart identity;
      update auth.users set email = id || '@taken-over.example'`);
    await restore(["public.messages", "auth.users"]);
    await expectContent(live.content);
    const [next] = await live.query<{ next: number; max: number }>(
      "select nextval('public.messages_id_seq')::int as next, (select max(id)::int from public.messages) as max",
    );
    expect(next!.next).toBeGreaterThan(next!.max);
  }, 60_000);

  it("refuses what would leave rows that refer to none, in either direction, and changes nothing", async () => {
    await live.query(`insert into public.posts (author_id, title, body) select id, 'later', 'text' from public.users order by id limit 1;
       insert into public.attachments (id, post_id, file_name, content) select gen_random_uuid(), max(id), 'x', '' from public.posts`);
    const before = await contentOf(live.url);
    await expectRefusal(
      restore(["public.posts"]),
      UserError,
      "Nothing was changed: rows would refer to missing rows (1 of public.attachments by attachments_post_id_fkey)",
    );
    await expectContent(before);
    await live.query(`update public.messages set reply_to = null; delete from auth.users where id = (select sender_id from public.messages m
         where sender_id not in (select user_id from public.team_members union select user_id from private.payouts) order by id limit 1)`);
    const smaller = await contentOf(live.url);
    await expectRefused(["public.messages"], /of public\.messages by messages_(sender|recipient)_id_fkey/);
    await expectContent(smaller);
  }, 60_000);

  it.each([
    ["a constraint", "alter table public.posts add constraint short check (length(title) < 1) not valid", "short"],
    [
      "a publication that has no identity of rows",
      "alter table public.posts replica identity nothing; create publication later for table public.posts",
      "replica identity",
    ],
  ])("says what has come since and refuses the rows: %s", async (_case, sql, name) => {
    await live.query(sql);
    const before = await contentOf(live.url);
    const refusal = new RegExp(`Nothing was changed: the live tables refuse .*${name}.*add it again afterwards`);
    await expectRefusal(restore(["public.posts"]), UserError, refusal);
    await expectContent(before);
  });

  it("refuses other columns, unknown tables, acting triggers, damage and a no", async () => {
    const { vault } = live;
    const before = await contentOf(live.url);
    await expectRefused(["public.nothing", "public.posts"], /has no table public\.nothing.* check the spelling\.$/);
    await expectRefused(["public.pots"], /has no table public\.pots.*Did you mean public\.posts\?$/);
    const confirm = () => Promise.reject(new UserError("It was not confirmed."));
    await expect(restore(["public.posts"], { confirm })).rejects.toThrow("It was not confirmed.");
    await live.query("create table public.newer (id int)");
    await expectRefused(["public.newer"], /holds no rows of public\.newer/);
    await live.query(`alter table public.page_views add column more int;
      alter table public.posts enable always trigger posts_touched`);
    await expectRefused(["public.page_views"], "(column public.page_views.more)");
    const acting =
      "These act also on rows that a replica brings, so they would act a second time: trigger posts_touched on public.posts.";
    await expectRefused(["public.posts"], acting);
    await live.query("drop table public.newer; alter table public.page_views drop column more");
    const { chunks } = await live.savedManifest();
    const chunk = chunks.find(({ sections }) => sections.some(({ name }) => name === "messages"))!;
    const whole = (await vault.getBytes(chunk.key))!;
    await tamper(vault, chunk.key, (bytes) => bytes.subarray(1));
    await expect(restore(["public.messages"])).rejects.toBeInstanceOf(PromiseError);
    await putInPlace(vault, chunk.key, whole);
    await expectContent(before);
  }, 60_000);

  it("compares the staging schema, and what was swapped, with the backup, and changes nothing if they differ", async () => {
    const { vault } = live;
    await live.query("update public.page_views set path = 'altered'");
    const before = await contentOf(live.url);
    // The rows are altered on their way, before the first chunk is there.
    let altered: Promise<unknown> | undefined;
    const meddledWith: Vault = {
      ...vault,
      async getBytes(key, signal) {
        if (key.includes("/data/"))
          await (altered ??=
            live.asSuperuser(`create function public.alter_path() returns trigger language plpgsql as $$ begin new.path := 'meddled'; return new; end $$;
             do $do$ begin execute (select format('create trigger meddled before insert on %s for each row execute function public.alter_path()', c.oid::regclass)
               from pg_class c join pg_namespace n on n.oid = relnamespace where nspname like 'castchat_recovery_tables%' and relkind = 'r'); end $do$`));
        return await vault.getBytes(key, signal);
      },
    };
    await expectRefusal(
      restore(["public.page_views"], { vault: meddledWith }),
      PromiseError,
      /^The staging schema is not what the backup holds: \S+ has other content in its \d+ rows\.$/,
    );
    await live.asSuperuser("drop function public.alter_path()");
    await expectContent(before);

    // The rows are altered after their comparison, while the swap waits for its lock.
    const holder = await connect(live.superuserUrl, { applicationName: "test" });
    await holder.query("begin; select from public.page_views limit 1");
    const altering = doAt("Swapping", async () => {
      await live.asSuperuser(`do $do$ begin execute (select format('update %s set path = %L', c.oid::regclass, 'meddled')
        from pg_class c join pg_namespace n on n.oid = relnamespace where nspname like 'castchat_recovery_tables%' and relkind = 'r'); end $do$`);
      await holder.end();
    });
    const refusal = /^The swapped rows are not what the backup holds: .*Nothing was changed\.$/;
    await expectRefusal(restore(["public.page_views"], { reporter: altering.reporter }), PromiseError, refusal);
    await altering.done();
    await expectContent(before);

    // A rule that is made after the question, and acts even on a replica's rows.
    const confirm = async () => {
      await live.query(`create rule lossy as on insert to public.page_views where new.path = '/posts/1' do instead nothing;
        alter table public.page_views enable always rule lossy`);
    };
    const acting = "would act a second time: rule lossy on public.page_views";
    await expectRefusal(restore(["public.page_views"], { confirm }), UserError, acting);
    await expectContent(before);
  }, 60_000);

  it("disables triggers itself if the role may be no replica, and refuses what foreign keys would do", async () => {
    await live.asSuperuser("revoke set on parameter session_replication_role from postgres");
    await live.query(`create function public.say_no() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
       create trigger refuse before insert or delete on public.notices for each statement execute function public.say_no();
       delete from only public.page_views`);
    const definition = definitionOf(live.superuserUrl);
    const emptied = "disable trigger refuse; delete from only public.notices; alter table public.notices enable";
    await live.query(`alter table public.notices ${emptied} trigger refuse`);
    await restore(["public.notices", "public.page_views"]);
    await expectContent(live.content);
    expect(definitionOf(live.superuserUrl)).toBe(definition);
    await expect(restore(["public.posts"])).rejects.toThrow(/Foreign keys of .*public\.applications.* would act/);
    await expectContent(live.content);
  }, 60_000);

  it("continues after a kill -9 wherever it was, and shows others the old rows or the new", async () => {
    await live.query(`update public.page_views set path = 'altered';
      update public.applications set cover_letter = 'altered'`);
    const damaged = await contentOf(live.url);
    const tables = ["public.page_views", "public.applications"];
    const watcher = watch(
      live.url,
      `select (select md5(string_agg(t::text, ',' order by t::text)) from public.page_views t) ||
         (select md5(string_agg(t::text, ',' order by t::text)) from public.applications t) as digest`,
    );
    for (const phase of ["Bringing", "Comparing the staging", "Swapping"])
      await killedAt(childOf("restoreTablesChild"), live.order(live.url, { tables }), { phase, afterMs: 15 });
    await restore(tables);
    const { seen, refused } = await watcher.stop();
    // The history that a trigger wrote about the damage stays.
    const history = { "public.application_history": damaged["public.application_history"] };
    await expectContent({ ...live.content, ...history });
    expect(refused).toBe(0);
    expect(seen).toBeLessThanOrEqual(2);
  }, 60_000);
});
