import { setTimeout as sleep } from "node:timers/promises";

import { beforeAll, expect, it } from "@jest/globals";

import { withSession } from "../../../../recovery/postgres/session/database.ts";
import { restoreTables, type RestoreTablesOptions } from "../../../../recovery/restore/tables/restoreTables.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { doAt, INTERRUPTION } from "../../support/killing.ts";
import { startLive } from "../../support/live.ts";
import { newSite } from "../../support/source.ts";

const live = forSuite(startLive);
const TABLES =
  "create table public.a as select generate_series(1, 50) n; create table public.b as select generate_series(1, 70) n";
beforeAll(() => live.query(TABLES), 60_000);

/** Waits until the restore waits for a lock on `public.b`, which it asks for while it holds `public.a`. */
async function swapWaits(): Promise<void> {
  const asked = `select from pg_locks where relation = 'public.b'::regclass and not granted and mode = 'AccessExclusiveLock'`;
  while ((await live.asSuperuser(asked)).length === 0) await sleep(20);
}

it("a swap that waits for the app while the app waits for it yields before the server ends the app, and tries again", async () => {
  await live.save();
  await live.query("update public.a set n = -n; delete from public.b where n > 3");
  await withSession(live.superuserUrl, { applicationName: "app", lockTimeoutMs: 0 }, async (app) => {
    await app.query("begin; select from public.b limit 1");
    const restored = restoreTables({ ...live.replacing(live.url), tables: ["public.a", "public.b"] });
    await Promise.race([swapWaits(), restored]);
    // By then the server has checked whether the swap is in a deadlock (deadlock_timeout, 1 s), and would next check the app.
    await sleep(1_300);
    // The app gets what it asks for, and still sees the old rows: nothing of the swap was committed.
    const [seen] = await app.query<{ least: number }>("select min(n) as least from public.a");
    expect(seen).toEqual({ least: -50 });
    await app.query("commit");
    expect((await restored).tables).toEqual([
      { name: "public.a", rowsBefore: 50, rows: 50 },
      { name: "public.b", rowsBefore: 3, rows: 70 },
    ]);
  });
  expect(await live.query("select min(n), max(n) from public.a")).toEqual([{ min: 1, max: 50 }]);
  expect(await live.query("select min(n), max(n) from public.b")).toEqual([{ min: 1, max: 70 }]);
}, 60_000);

/** A vault with one backup of the table, and the options that restore it. */
async function savedTable(name: string) {
  await live.query(`create table ${name} as select generate_series(1, 10) n`);
  const site = await newSite(live.cloud);
  const again = async () => (await site.backUp(live.url)).backupId;
  return { backupId: await again(), again, options: { ...site.replacing(live.url), tables: [name] } };
}
const countOf = (name: string) => live.query(`select count(*)::int as rows from ${name}`);

it("notes rows that came after the question", async () => {
  const { options } = await savedTable("public.c");
  const confirm = async () => {
    await live.query("insert into public.c select generate_series(11, 15)");
  };
  const result = await restoreTables({ ...options, confirm });
  expect(result.tables).toEqual([{ name: "public.c", rowsBefore: 15, rows: 10 }]);
  expect(result.notes).toEqual([
    expect.stringContaining("public.c: 5 rows that came after the confirmation were deleted"),
  ]);
}, 60_000);

it("changes no row but those of the tables that are named, whatever refers to them", async () => {
  const { options, again } = await savedTable("public.f");
  await live.query(`alter table public.f add primary key (n);
    create table public.f_log (n int); insert into public.f_log values (3);
    create table extensions.f_lines (n int references public.f on delete cascade); insert into extensions.f_lines values (3), (4);
    create table public.f_lines (n int references public.f on delete set null); insert into public.f_lines values (5);
    create rule f_gone as on delete to public.f do also delete from public.f_log where n = old.n`);
  const others = () =>
    live.asSuperuser(`select 'log' as of, n from public.f_log union all select 'outside', n from extensions.f_lines
      union all select 'inside', n from public.f_lines order by 1, 2`);
  const before = await others();
  const backupId = await again();
  await live.query("alter table public.f enable always rule f_gone");
  const acting = /act also on rows that a replica brings, .*: rule f_gone on public\.f\. Disable them, restore/;
  await expectRefusal(restoreTables({ ...options, backupId }), UserError, acting);
  await live.query("alter table public.f enable rule f_gone; insert into public.f values (11)");
  await restoreTables({ ...options, backupId });
  expect(await countOf("public.f")).toEqual([{ rows: 10 }]);
  expect(before).toHaveLength(4);
  expect(await others()).toEqual(before);
}, 60_000);

it("locks a table whatever its name holds", async () => {
  const name = `public."it's $lock$ end; \\"`;
  const { options } = await savedTable(name);
  await live.query(`delete from ${name}`);
  await restoreTables(options);
  expect(await countOf(name)).toEqual([{ rows: 10 }]);
}, 60_000);

it("does not return the rows of an interrupted run if others are asked for now", async () => {
  const { backupId, options, again } = await savedTable("public.d");
  await live.query("insert into public.d values (11)");
  const later = await again();
  await interruptAfterSwap({ ...options, backupId });
  await live.query("delete from public.d");
  const other = await restoreTables({ ...options, backupId: later });
  expect(other).toMatchObject({ backupId: later, tables: [{ rowsBefore: 0, rows: 11 }], notes: [] });
  expect(await countOf("public.d")).toEqual([{ rows: 11 }]);
  await interruptAfterSwap({ ...options, backupId });
  await live.query("delete from public.d");
  const same = await restoreTables({ ...options, backupId });
  expect(same.notes).toEqual([expect.stringContaining("nothing was changed now")]);
  expect(await countOf("public.d")).toEqual([{ rows: 0 }]);
  await restoreTables({ ...options, backupId });
  expect(await countOf("public.d")).toEqual([{ rows: 10 }]);
}, 60_000);

it("knows its own work if the address is written in another way", async () => {
  const { backupId, options } = await savedTable("public.e");
  await interruptAfterSwap(options);
  await live.query("delete from public.e");
  const targetUrl = options.targetUrl.replace(/\/postgres(?=\?|$)/, "/%70ostgres");
  expect(targetUrl).not.toBe(options.targetUrl);
  const again = await restoreTables({ ...options, targetUrl });
  expect(again).toMatchObject({ backupId, notes: [expect.stringContaining("nothing was changed now")] });
  expect(await countOf("public.e")).toEqual([{ rows: 0 }]);
}, 60_000);

/** Ends a run once its swap is committed, before the staging schema is removed, which a superuser's lock delays. */
async function interruptAfterSwap(options: RestoreTablesOptions): Promise<void> {
  const interrupted = new AbortController();
  await withSession(live.superuserUrl, { applicationName: "test" }, async (holder) => {
    const beside = "select nspname as name from pg_namespace where nspname ~ '^castchat_recovery_tables'";
    const swapped = "select from castchat_recovery.restored_tables where result is not null";
    const hold = async () => {
      const [schema] = await holder.query<{ name: string }>(beside);
      await holder.query(`begin; lock table ${schema!.name}.t0 in access share mode`);
      while ((await live.query(swapped)).length === 0) await sleep(20);
      interrupted.abort(INTERRUPTION);
    };
    const { reporter, done } = doAt("Bringing", hold);
    await expect(restoreTables({ ...options, reporter, signal: interrupted.signal })).rejects.toThrow("interrupted");
    await done();
  });
}
