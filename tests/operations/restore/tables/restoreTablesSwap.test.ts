import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { systemClock } from "../../../../clients/clock.ts";
import { withSession } from "../../../../clients/database.ts";
import { silent } from "../../../../clients/reporter.ts";
import { backup } from "../../../../operations/backup/backup.ts";
import { restoreTables } from "../../../../operations/restore/tables/restoreTables.ts";
import { TIERS } from "../../../../planning/tiers.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import type { TestDatabase } from "../../../support/postgres.ts";
import { startTestCloud } from "../../support/cloud.ts";
import type { TestCloud } from "../../support/cloud.ts";
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

it("a swap that waits for the app while the app waits for it gives way, and comes again", async () => {
  const signer = await cloud.newSigner();
  const vault = await cloud.newVault();
  await backup({ databaseUrl: live.url, vault, signer, tiers: TIERS, clock: systemClock, reporter: silent });
  await runSql(live.url, "update public.a set n = -n; delete from public.b where n > 3");
  await withSession(live.superuserUrl, { applicationName: "app", lockTimeoutMs: 0 }, async (app) => {
    // The server ends whoever looks first: so it is the swap.
    await app.query("set deadlock_timeout = '1min'; begin; select from public.b limit 1");
    const restored = restoreTables({
      ...{ vault, tiers: TIERS, trustedKeys: [await signer.publicKeyPem()], targetUrl: live.url },
      ...{ tables: ["public.a", "public.b"], confirm: () => Promise.resolve(), clock: systemClock, reporter: silent },
    });
    await Promise.race([swapWaits(), restored]);
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
  // The server counts them a moment later; without one, nothing was shown here.
  const counted = () =>
    runSql<{ deadlocks: number }>(
      live.superuserUrl,
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
  while ((await counted())[0]?.deadlocks === 0) await sleep(100);
  expect(await counted()).toEqual([{ deadlocks: 1 }]);
}, 60_000);
