import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "@jest/globals";

import { UserError } from "../../services/common/errors.ts";
import { realTiming } from "../../services/common/timing.ts";
import { runSql } from "../recovery/support/sample.ts";
import { otherSessions, sessionsLeft } from "./support/databases.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { failedWith, startRunner, succeeded } from "./support/runnerProcess.ts";
import { suiteSetting, vaultIn } from "./support/setting.ts";

const seed = seedOfRun();
const random = randomFrom(seed);

const setting = suiteSetting();

const connectOther = otherSessions();
const other = (url = setting.source.url) => connectOther(url);

describe(`while others change what is backed up (seed ${seed})`, () => {
  it("money that is moved between tables, some altered, emptied and dropped on the way, is neither lost nor doubled", async () => {
    const bank = await setting.server.newDatabase();
    const total = 60_000;
    await runSql(
      bank.url,
      `create table public.left_side as select 1 as coin from generate_series(1, ${total}) n; create table public.right_side (coin int);
       create table public.passing (n int)`,
    );
    const stop = new AbortController();
    const moves = [
      // TRUNCATE, and a new table under the old one's name, each in one transaction with the rows that it moves.
      "begin; insert into public.right_side select coin from public.left_side; truncate public.left_side; commit",
      "begin; create table public.new_side as select coin from public.left_side; insert into public.new_side select coin from public.right_side; drop table public.left_side; alter table public.new_side rename to left_side; truncate public.right_side; commit",
      "begin; alter table public.right_side alter coin type bigint; commit; begin; alter table public.right_side alter coin type int; commit",
      "begin; drop table if exists public.passing; create table public.passing (n int, more text default 'x'); commit",
    ];
    const mover = (async () => {
      const session = await other(bank.url);
      while (!stop.signal.aborted) {
        try {
          await session.query(moves[Math.floor(random() * moves.length)]!);
        } catch (error) {
          // A deadlock: the server may end this session, as it may end one of the app's.
          if ((error as { code?: string }).code !== "40P01") throw error;
          await session.query("rollback");
        }
        await sleep(200 + random() * 600);
      }
    })();
    const vault = vaultIn(await setting.newStore());
    const made: string[] = [];
    for (let run = 0; run < 6 && made.length < 2; run += 1) {
      try {
        made.push((await setting.backUp(vault, bank.url)).backupId);
      } catch (error) {
        // The run may yield each time. It may not make a backup of half a change.
        expect((error as Error).message).toMatch(/yielded [3-6] times|could not be locked|added, removed or changed/);
      }
    }
    stop.abort();
    await mover;
    expect(made.length).toBeGreaterThan(0);
    for (const backupId of made) {
      const target = await setting.server.newDatabase();
      await setting.restoreInto(target, vault, backupId);
      const [row] = await runSql<{ coins: number }>(
        target.url,
        "select (select count(*) from public.left_side)::int + (select count(*) from public.right_side)::int as coins",
      );
      expect(row).toEqual({ coins: total });
      await target.remove();
    }
    await bank.remove();
  }, 120_000);
});

describe("a long transaction", () => {
  it("with rows that it hasn't committed: they are in no backup, and the backup doesn't wait for it", async () => {
    const long = await other();
    await long.query("begin; insert into public.counters values (-1); update public.counters set n = n + 1000");
    const vault = vaultIn(await setting.newStore());
    const { backupId } = await setting.backUp(vault);
    await long.query("commit");
    const target = await setting.server.newDatabase();
    await setting.restoreInto(target, vault, backupId);
    expect(await runSql(target.url, "select count(*)::int as n, max(n) as highest from public.counters")).toEqual([
      { n: 50, highest: 50 },
    ]);
    await runSql(
      setting.source.url,
      "delete from public.counters where n = -1; update public.counters set n = n - 1000 where n > 1000",
    );
    await target.remove();
  }, 60_000);

  it("with a lock on a table: the run yields each time and reports it, and no other session waits", async () => {
    const store = await setting.newStore();
    const long = await other();
    await long.query("begin; lock table public.tags in access exclusive mode");
    const runner = startRunner({
      ...setting.order("backup", setting.source.url, store),
      timing: { ...realTiming, lockPatienceMs: 4_000 },
    });
    await runner.says("Another session holds a table");
    // While the run waits for its lock, other sessions can change every other table.
    const begunAt = performance.now();
    await (
      await other()
    ).query("alter table public.counters add column extra int; alter table public.counters drop column extra");
    expect(performance.now() - begunAt).toBeLessThan(1_500);
    const end = await runner.ended;
    expect(end).toMatchObject(
      failedWith(
        /^The tables could not be locked for reading within 4 s: process \d+ \("test"\) holds public\.tags\. Wait until it has finished or end it with `select pg_terminate_backend/,
      ),
    );
    await long.query("rollback");
    expect((await setting.list(vaultIn(store))).filter((one) => one.manifest !== undefined)).toEqual([]);
    expect(await sessionsLeft(setting.server.superuserUrl, 10_000)).toEqual([]);
  }, 90_000);
});

describe("two runs at once", () => {
  it("of one database: the second reports the first, which is not disturbed", async () => {
    const store = await setting.newStore();
    const first = startRunner(setting.order("backup", setting.source.url, store));
    await first.says("Taking");
    // If the first ends while the second still waits, the second backs up after it.
    const [one, two] = await Promise.all([
      first.ended,
      setting.backUp(vaultIn(store)).catch((error: unknown) => error as Error),
    ]);
    expect(one).toMatchObject(succeeded);
    if (two instanceof Error) {
      expect(two).toBeInstanceOf(UserError);
      expect(two.message).toMatch(/Another backup of this database is running.* Wait for it to finish/);
    }
    const proven = await setting.proven(vaultIn(store));
    expect(proven).toHaveLength(two instanceof Error ? 1 : 2);
    for (const backupId of proven) expect(await setting.check(vaultIn(store), backupId)).toMatchObject({ backupId });
  }, 60_000);

  it("into one target: the second is refused or continues, and no row comes twice", async () => {
    const store = await setting.newStore();
    const { backupId } = await setting.backUp(vaultIn(store));
    const target = await setting.server.newDatabase();
    const order = setting.order("restore", target.url, store);
    const [first, second] = [startRunner(order), startRunner(order)];
    const ends = await Promise.all([first.ended, second.ended]);
    for (const end of ends) {
      if (end.code !== 0) expect(end.failure!.message).toMatch(/^Another restore works on the target database/);
      expect(end.stderr).toBe("");
    }
    expect(ends.some((end) => end.backupId === backupId)).toBe(true);
    const count = "select count(*)::int as n from public.posts";
    expect(await runSql(target.url, count)).toEqual(await runSql(setting.source.url, count));
  }, 60_000);
});
