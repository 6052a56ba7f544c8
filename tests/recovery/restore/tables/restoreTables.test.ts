import { fileURLToPath } from "node:url";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";

import { applySchema, fill } from "../../../../lab/sandbox/sample/database.ts";
import type { BackupResult } from "../../../../recovery/backup/backup.ts";
import type { Danger } from "../../../../recovery/postgres/session/confirmation.ts";
import { connect } from "../../../../recovery/postgres/session/database.ts";
import { restoreTables, type RestoreTablesOptions } from "../../../../recovery/restore/tables/restoreTables.ts";
import { listBackups } from "../../../../recovery/vault/listBackups.ts";
import { PromiseError, UserError } from "../../../../services/common/errors.ts";
import type { Vault } from "../../../../services/vault/vault.ts";
import { startTargetServer, type TargetServer } from "../../../support/targetServer.ts";
import { brisk } from "../../../support/timing.ts";
import { startTestCloud, type TestCloud } from "../../support/cloud.ts";
import { putInPlace } from "../../support/inPlace.ts";
import { killedAt } from "../../support/killing.ts";
import { contentOf, definitionOf, recoveryLogOf, runSql, tamper } from "../../support/sample.ts";
import { newSite, type Site } from "../../support/source.ts";

const CHILD = fileURLToPath(new URL("../../support/restoreTablesChild.ts", import.meta.url));

let cloud: TestCloud;
let live: TargetServer;
let site: Site;
let vault: Vault;
let saved: BackupResult;
let content: Record<string, string>;

beforeAll(async () => {
  [cloud, live] = await Promise.all([startTestCloud(), startTargetServer()]);
  await applySchema(live.url);
  await fill(live.url, { rows: 80 });
  site = await newSite(cloud);
  ({ vault } = site);
  saved = await site.backUp(live.url);
  content = await contentOf(live.url);
  await live.keep();
}, 60_000);
afterAll(() => Promise.all([cloud.stop(), live.stop()]));
afterEach(async () => {
  await runSql(live.superuserUrl, "grant set on parameter session_replication_role to postgres");
  await live.renew();
});

const asked: Danger[] = [];
const options = (tables: string[], more: Partial<RestoreTablesOptions> = {}): RestoreTablesOptions => ({
  ...site.common,
  targetUrl: live.url,
  tables,
  timing: brisk,
  confirm: (danger) => Promise.resolve(void asked.push(danger)),
  ...more,
});
const leftovers = () =>
  runSql(
    live.url,
    `select nspname from pg_namespace where nspname like 'castchat_recovery_tables%'
     union all select restore_id from castchat_recovery.restored_tables union all select step from castchat_recovery.journal`,
  );

describe("restore of tables into a live database", () => {
  it("replaces their rows, says before what is lost, and changes nothing else", async () => {
    const definition = definitionOf(live.superuserUrl);
    await runSql(
      live.url,
      `update public.applications set cover_letter = 'altered' where id % 3 = 0; delete from public.applications where id % 7 = 0;
       insert into public.page_views values ('/new', now()); insert into public."Casting 募集" ("出演者 名") values ('x');
       delete from public.logs where level = 'info'; update public.posts set tags = '{wrong}' where id = 1;
       refresh materialized view public.tag_counts;
       select setval('public.applications_id_seq', 100000)`,
    );
    const damaged = await contentOf(live.url);
    asked.length = 0;
    const result = await restoreTables(
      options(["public.applications", "public.page_views", 'public."Casting 募集"', "public.logs", "public.posts"]),
    );
    const after = await contentOf(live.url);
    // application_history is written by triggers of applications: they must not have acted.
    for (const [name, digest] of Object.entries(after)) {
      const isRestored = /^public\.(applications|page_views|Casting 募集|logs_.*|posts)$/.test(name);
      expect([name, digest]).toEqual([name, isRestored ? content[name] : damaged[name]]);
    }
    expect(await runSql(live.url, "select tag from public.tag_counts where tag = 'wrong'")).toEqual([]);
    expect(definitionOf(live.superuserUrl)).toBe(definition);
    // Given out since, so it is never given out again.
    const last = "select last_value::int from public.applications_id_seq";
    expect(await runSql(live.url, last)).toEqual([{ last_value: 100000 }]);
    expect(asked.map(({ names }) => names)).toEqual([[`127.0.0.1:${live.port}/postgres`]]);
    const rowsOf = (contents: Record<string, string>, name: string) => contents[name]!.split(":")[0];
    expect(asked[0]!.lines).toContain(
      `public.applications: its ${rowsOf(damaged, "public.applications")} rows are deleted and replaced by the ${rowsOf(content, "public.applications")} rows of ${saved.snapshotAt}.`,
    );
    expect(result.backupId).toBe(saved.backupId);
    expect(result.tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["public.logs_info", "public.logs_error_2024_11", "public.Casting 募集"]),
    );
    expect(await leftovers()).toEqual([]);
    const [log] = await recoveryLogOf(vault);
    expect(log!.entry).toMatchObject({ what: "restore of tables", result: "done", backupId: saved.backupId });
  }, 60_000);

  it("sets sequences behind what has come back, and brings back accounts as well", async () => {
    await runSql(
      live.url,
      "truncate public.messages restart identity; update auth.users set email = id || '@taken-over.example'",
    );
    await restoreTables(options(["public.messages", "auth.users"]));
    expect(await contentOf(live.url)).toEqual(content);
    const [next] = await runSql<{ next: number; max: number }>(
      live.url,
      "select nextval('public.messages_id_seq')::int as next, (select max(id)::int from public.messages) as max",
    );
    expect(next!.next).toBeGreaterThan(next!.max);
  }, 60_000);

  it("refuses what would leave rows that refer to none, in either direction, and changes nothing", async () => {
    await runSql(
      live.url,
      `insert into public.posts (author_id, title, body) select id, 'later', 'text' from public.users order by id limit 1;
       insert into public.attachments (id, post_id, file_name, content) select gen_random_uuid(), max(id), 'x', '' from public.posts`,
    );
    const before = await contentOf(live.url);
    const posts = restoreTables(options(["public.posts"]));
    await expect(posts).rejects.toThrow(
      "Nothing was changed: rows would refer to missing rows (1 of public.attachments by attachments_post_id_fkey)",
    );
    await expect(posts).rejects.toBeInstanceOf(UserError);
    expect(await contentOf(live.url)).toEqual(before);
    await runSql(
      live.url,
      `update public.messages set reply_to = null; delete from auth.users where id = (select sender_id from public.messages m
         where sender_id not in (select user_id from public.team_members union select user_id from private.payouts) order by id limit 1)`,
    );
    const smaller = await contentOf(live.url);
    await expect(restoreTables(options(["public.messages"]))).rejects.toThrow(
      /of public\.messages by messages_(sender|recipient)_id_fkey/,
    );
    expect(await contentOf(live.url)).toEqual(smaller);
    expect(await leftovers()).toEqual([]);
  }, 60_000);

  it.each([
    ["a constraint", "alter table public.posts add constraint short check (length(title) < 1) not valid", "short"],
    [
      "a publication that has no identity of rows",
      "alter table public.posts replica identity nothing; create publication later for table public.posts",
      "replica identity",
    ],
  ])("says what has come since and refuses the rows: %s", async (_case, sql, name) => {
    await runSql(live.url, sql);
    const before = await contentOf(live.url);
    const refused = restoreTables(options(["public.posts"]));
    await expect(refused).rejects.toThrow(
      new RegExp(`Nothing was changed: the live tables refuse .*${name}.*add it again afterwards`),
    );
    await expect(refused).rejects.toBeInstanceOf(UserError);
    expect(await contentOf(live.url)).toEqual(before);
    expect(await leftovers()).toEqual([]);
  });

  it("refuses other columns, unknown tables, acting triggers, damage and a no", async () => {
    const before = await contentOf(live.url);
    await expect(restoreTables(options(["public.nothing", "public.posts"]))).rejects.toThrow(
      "The database has no table public.nothing",
    );
    const confirm = () => Promise.reject(new UserError("It was not confirmed."));
    await expect(restoreTables(options(["public.posts"], { confirm }))).rejects.toThrow("It was not confirmed.");
    await runSql(live.url, "create table public.newer (id int)");
    await expect(restoreTables(options(["public.newer"]))).rejects.toThrow(/holds no rows of public\.newer/);
    await runSql(
      live.url,
      "alter table public.page_views add column more int; alter table public.posts enable always trigger posts_touched",
    );
    await expect(restoreTables(options(["public.page_views"]))).rejects.toThrow("(column public.page_views.more)");
    await expect(restoreTables(options(["public.posts"]))).rejects.toThrow(
      "The triggers posts_touched on public.posts act also on rows that a replica brings",
    );
    await runSql(live.url, "drop table public.newer; alter table public.page_views drop column more");
    const [summary] = await listBackups(site.common);
    const chunk = summary!.manifest!.chunks.find(({ sections }) => sections.some(({ name }) => name === "messages"))!;
    const whole = (await vault.getBytes(chunk.key))!;
    await tamper(vault, chunk.key, (bytes) => bytes.subarray(1));
    await expect(restoreTables(options(["public.messages"]))).rejects.toBeInstanceOf(PromiseError);
    await putInPlace(vault, chunk.key, whole);
    expect(await contentOf(live.url)).toEqual(before);
    expect(await leftovers()).toEqual([]);
  }, 60_000);

  it("compares the staging schema, and what was swapped, with the backup, and changes nothing if they differ", async () => {
    await runSql(live.url, "update public.page_views set path = 'altered'");
    const before = await contentOf(live.url);
    // The rows are altered on their way, before the first chunk is there.
    let altered: Promise<unknown> | undefined;
    const meddledWith: Vault = {
      ...vault,
      async getBytes(key, signal) {
        if (key.includes("/data/"))
          await (altered ??= runSql(
            live.superuserUrl,
            `create function public.alter_path() returns trigger language plpgsql as $$ begin new.path := 'meddled'; return new; end $$;
             do $do$ begin execute (select format('create trigger meddled before insert on %s for each row execute function public.alter_path()', c.oid::regclass)
               from pg_class c join pg_namespace n on n.oid = relnamespace where nspname like 'castchat_recovery_tables%' and relkind = 'r'); end $do$`,
          ));
        return await vault.getBytes(key, signal);
      },
    };
    const meddled = restoreTables(options(["public.page_views"], { vault: meddledWith }));
    await expect(meddled).rejects.toThrow(
      /^The staging schema is not what the backup holds: \S+ has other content in its \d+ rows\.$/,
    );
    await expect(meddled).rejects.toBeInstanceOf(PromiseError);
    await runSql(live.superuserUrl, "drop function public.alter_path()");
    expect(await contentOf(live.url)).toEqual(before);
    expect(await leftovers()).toEqual([]);

    // A rule that acts even on a replica's rows loses a row of the swap.
    await runSql(
      live.url,
      "create rule lossy as on insert to public.page_views where new.path = '/posts/1' do instead nothing; alter table public.page_views enable always rule lossy",
    );
    const swapped = restoreTables(options(["public.page_views"]));
    await expect(swapped).rejects.toThrow(/^The swapped rows are not what the backup holds: .*Nothing was changed\.$/);
    await expect(swapped).rejects.toBeInstanceOf(PromiseError);
    expect(await contentOf(live.url)).toEqual(before);
    expect(await leftovers()).toEqual([]);
  }, 60_000);

  it("disables triggers itself if the role may be no replica, and refuses what foreign keys would do", async () => {
    await runSql(live.superuserUrl, "revoke set on parameter session_replication_role from postgres");
    await runSql(
      live.url,
      `create function public.say_no() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
       create trigger refuse before insert or delete on public.notices for each statement execute function public.say_no();
       delete from only public.page_views`,
    );
    const definition = definitionOf(live.superuserUrl);
    const emptied = "disable trigger refuse; delete from only public.notices; alter table public.notices enable";
    await runSql(live.url, `alter table public.notices ${emptied} trigger refuse`);
    await restoreTables(options(["public.notices", "public.page_views"]));
    expect(await contentOf(live.url)).toEqual(content);
    expect(definitionOf(live.superuserUrl)).toBe(definition);
    await expect(restoreTables(options(["public.posts"]))).rejects.toThrow(
      /Foreign keys of .*public\.applications.* would act/,
    );
    expect(await contentOf(live.url)).toEqual(content);
  }, 60_000);

  it("continues after a kill -9 wherever it was, and shows others the old rows or the new", async () => {
    await runSql(
      live.url,
      "update public.page_views set path = 'altered'; update public.applications set cover_letter = 'altered'",
    );
    const damaged = await contentOf(live.url);
    const tables = ["public.page_views", "public.applications"];
    const { region, endpoint } = cloud;
    const order = { bucket: vault.name, region, endpoint, trustedKeys: site.trustedKeys, targetUrl: live.url, tables };
    const seen = new Set<string>();
    const watcher = await connect(live.url, { applicationName: "test watches", lockTimeoutMs: 60_000 });
    const watching = new AbortController();
    const watch = (async () => {
      while (!watching.signal.aborted) {
        const [row] = await watcher.query<{ digest: string }>(
          `select (select md5(string_agg(t::text, ',' order by t::text)) from public.page_views t) ||
             (select md5(string_agg(t::text, ',' order by t::text)) from public.applications t) as digest`,
        );
        seen.add(row!.digest);
      }
    })();
    for (const phase of ["Bringing", "Comparing the staging", "Swapping"])
      await killedAt(CHILD, order, { phase, afterMs: 15 });
    await restoreTables(options(tables));
    watching.abort();
    await watch;
    await watcher.end();
    // The history that a trigger wrote about the damage stays.
    const history = { "public.application_history": damaged["public.application_history"] };
    expect(await contentOf(live.url)).toEqual({ ...content, ...history });
    expect(seen.size).toBeLessThanOrEqual(2);
    expect(await leftovers()).toEqual([]);
  }, 60_000);
});
