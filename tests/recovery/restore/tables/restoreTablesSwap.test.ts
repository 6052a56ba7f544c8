import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, expect, it } from "@jest/globals";

import { TIERS } from "../../../../planning/tiers.ts";
import { backup } from "../../../../recovery/backup/backup.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import type { RestoreTablesOptions } from "../../../../recovery/restore/tables/restoreTables.ts";
import { restoreTables } from "../../../../recovery/restore/tables/restoreTables.ts";
import { systemClock } from "../../../../services/common/clock.ts";
import { silent } from "../../../../services/common/reporter.ts";
import { startTestDatabase, type TestDatabase } from "../../../support/postgres.ts";
import { startTestCloud, type TestCloud } from "../../support/cloud.ts";
import { runSql } from "../../support/sample.ts";

let cloud: TestCloud;
let live: TestDatabase;
beforeAll(async () => {
  [cloud, live] = await Promise.all([startTestCloud(), startTestDatabase()]);
  await runSql(
    live.url,
    "create table public.a as select generate_series(1, 50) n; create table public.b as select generate_series(1, 70) n",
  );
}, 60_000);
afterAll(async () => {
  await Promise.all([cloud.stop(), live.stop()]);
});

/** Waits until the restore waits for a lock on `public.b`, which it asks for while it holds `public.a`. */
async function swapWaits(): Promise<void> {
  const asked = `select from pg_locks where relation = 'public.b'::regclass and not granted and mode = 'AccessExclusiveLock'`;
  while ((await runSql(live.superuserUrl, asked)).length === 0) await sleep(20);
}

it("a swap that waits for the app while the app waits for it gives way before the server ends the app, and comes again", async () => {
  const signer = await cloud.newSigner();
  const vault = await cloud.newVault();
  await backup({ databaseUrl: live.url, vault, signer, tiers: TIERS, clock: systemClock, reporter: silent });
  await runSql(live.url, "update public.a set n = -n; delete from public.b where n > 3");
  await withSession(live.superuserUrl, { applicationName: "app", lockTimeoutMs: 0 }, async (app) => {
    await app.query("begin; select from public.b limit 1");
    const restored = restoreTables({
      ...{ vault, tiers: TIERS, trustedKeys: [await signer.publicKeyPem()], targetUrl: live.url },
      ...{ tables: ["public.a", "public.b"], confirm: () => Promise.resolve(), clock: systemClock, reporter: silent },
    });
    await Promise.race([swapWaits(), restored]);
    // By then a server has looked whether the swap waits in a deadlock (deadlock_timeout, 1 s), and would next look whether the app does.
    await sleep(1_300);
    // It gets what it asks for, and still sees what was there: nothing of the swap was committed.
    const [seen] = await app.query<{ least: number }>("select min(n) as least from public.a");
    expect(seen).toEqual({ least: -50 });
    await app.query("commit");
    expect((await restored).tables).toEqual([
      { name: "public.a", rowsBefore: 50, rows: 50 },
      { name: "public.b", rowsBefore: 3, rows: 70 },
    ]);
  });
  expect(
    await runSql(live.url, "select min(n), max(n) from public.a union all select min(n), max(n) from public.b"),
  ).toEqual([
    { min: 1, max: 50 },
    { min: 1, max: 70 },
  ]);
}, 60_000);

/** A vault with one backup of the table, and what restores it. */
async function savedTable(
  name: string,
): Promise<{ backupId: string; options: RestoreTablesOptions; again: () => Promise<string> }> {
  await runSql(live.url, `create table ${name} as select generate_series(1, 10) n`);
  const signer = await cloud.newSigner();
  const vault = await cloud.newVault();
  const common = { vault, tiers: TIERS, clock: systemClock, reporter: silent };
  const again = async () => (await backup({ ...common, databaseUrl: live.url, signer })).backupId;
  return {
    ...{ backupId: await again(), again },
    options: {
      ...{ ...common, trustedKeys: [await signer.publicKeyPem()], targetUrl: live.url, tables: [name] },
      confirm: () => Promise.resolve(),
    },
  };
}
const countOf = (name: string) => runSql<{ rows: number }>(live.url, `select count(*)::int as rows from ${name}`);

it("tells of rows that came after the question", async () => {
  const { options } = await savedTable("public.c");
  const confirm = async () => {
    await runSql(live.url, "insert into public.c select generate_series(11, 15)");
  };
  const result = await restoreTables({ ...options, confirm });
  expect(result.tables).toEqual([{ name: "public.c", rowsBefore: 15, rows: 10 }]);
  expect(result.notes).toEqual([
    expect.stringContaining("public.c: 5 rows that came after the confirmation were deleted"),
  ]);
}, 60_000);

it("locks a table whatever its name holds", async () => {
  const name = `public."it's $lock$ end; \\"`;
  const { options } = await savedTable(name);
  await runSql(live.url, `delete from ${name}`);
  await restoreTables(options);
  expect(await countOf(name)).toEqual([{ rows: 10 }]);
}, 60_000);

it("does not pass off what an interrupted run has brought for what is wished now", async () => {
  const { backupId, options, again } = await savedTable("public.d");
  await runSql(live.url, "insert into public.d values (11)");
  const later = await again();
  await interruptAfterSwap({ ...options, backupId });
  await runSql(live.url, "delete from public.d");
  const other = await restoreTables({ ...options, backupId: later });
  expect(other).toMatchObject({ backupId: later, tables: [{ rowsBefore: 0, rows: 11 }], notes: [] });
  expect(await countOf("public.d")).toEqual([{ rows: 11 }]);
  await interruptAfterSwap({ ...options, backupId });
  await runSql(live.url, "delete from public.d");
  const same = await restoreTables({ ...options, backupId });
  expect(same.notes).toEqual([expect.stringContaining("nothing was changed now")]);
  expect(await countOf("public.d")).toEqual([{ rows: 0 }]);
  await restoreTables({ ...options, backupId });
  expect(await countOf("public.d")).toEqual([{ rows: 10 }]);
}, 60_000);

it("knows its own work if the address is written in another way", async () => {
  const { backupId, options } = await savedTable("public.e");
  await interruptAfterSwap(options);
  await runSql(live.url, "delete from public.e");
  const targetUrl = options.targetUrl.replace(/\/postgres(?=\?|$)/, "/%70ostgres");
  expect(targetUrl).not.toBe(options.targetUrl);
  const again = await restoreTables({ ...options, targetUrl });
  expect(again).toMatchObject({ backupId, notes: [expect.stringContaining("nothing was changed now")] });
  expect(await countOf("public.e")).toEqual([{ rows: 0 }]);
}, 60_000);

/** Ends a run once its swap is committed, before what lies beside is taken away: a superuser reads that. */
async function interruptAfterSwap(options: RestoreTablesOptions): Promise<void> {
  const interrupted = new AbortController();
  await withSession(live.superuserUrl, { applicationName: "test" }, async (holder) => {
    const beside =
      "select nspname as name from pg_namespace where nspname like 'castchat!_recovery!_tables%' escape '!'";
    const swapped = "select from castchat_recovery.restored_tables where result is not null";
    const hold = async () => {
      const [schema] = await holder.query<{ name: string }>(beside);
      await holder.query(`begin; lock table ${schema!.name}.t0 in access share mode`);
      while ((await runSql(live.url, swapped)).length === 0) await sleep(20);
      interrupted.abort(new DOMException("interrupted", "AbortError"));
    };
    let holding: Promise<void> | undefined;
    const reporter = (message: string) => {
      if (message.startsWith("Comparing the staging")) holding = hold();
    };
    await expect(restoreTables({ ...options, reporter, signal: interrupted.signal })).rejects.toThrow("interrupted");
    await holding;
  });
}
