import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, it } from "@jest/globals";

import { startPooler } from "../../lab/sandbox/pooler/pooler.ts";
import { realTiming } from "../../services/common/timing.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { runSql } from "../recovery/support/sample.ts";
import { FACTOR, mostWaitMs, yielding } from "../support/timing.ts";
import { otherSessions } from "./support/databases.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { suiteSetting, vaultIn } from "./support/setting.ts";

const seed = seedOfRun();
const random = randomFrom(seed);

const setting = suiteSetting();

/** A vault's put that is slow for rows, so that a migration begins during the backup. */
const slowly =
  (vault: Vault, slowMs: () => number): Vault["put"] =>
  async (key, body, options) => {
    if (key.includes("/data/")) await sleep(slowMs(), undefined, options?.signal && { signal: options.signal });
    return await vault.put(key, body, options);
  };

const connectOther = otherSessions();
const other = (url = setting.source.url) => connectOther(url);

describe(`a migration during a backup (seed ${seed})`, () => {
  it("that alters four tables in turn waits behind a backup for less than 5 s in sum", async () => {
    const tables = ["posts", "tags", "counters", "authors"];
    const vault = vaultIn(await setting.newStore());
    const slow = { ...vault, put: slowly(vault, () => slowMs) };
    const said: string[] = [];
    let slowMs = 6_000 * FACTOR;
    let migrated: Promise<number> | undefined;
    const migrate = async () => {
      const session = await other();
      let sumMs = 0;
      const begun = performance.now();
      // A lock that it releases: now it holds none, and the backup could start again and block it.
      await session.query(
        "begin; savepoint one; lock table public.tags in access exclusive mode; rollback to savepoint one",
      );
      sumMs += performance.now() - begun;
      await sleep(4_000 * FACTOR);
      for (const table of tables) {
        const begunAt = performance.now();
        await session.query(`alter table public.${table} add column extra int`);
        sumMs += performance.now() - begunAt;
        // The migration's other work between two tables. The backup must not start here either.
        await sleep(400 * FACTOR);
      }
      await session.query("commit");
      return sumMs;
    };
    const { backupId } = await setting.backUp(slow, setting.source.url, {
      timing: yielding,
      reporter: (message) => {
        said.push(message);
        if (message.includes("yielding")) slowMs = 3_500 * FACTOR;
        if (message.startsWith("Dumping")) migrated ??= migrate();
      },
    });
    expect(said.filter((one) => one.startsWith("Another session waits for a table (process "))).toHaveLength(1);
    expect(await migrated).toBeLessThan(mostWaitMs(yielding));
    await setting.check(vault, backupId);
    await runSql(setting.source.url, tables.map((table) => `alter table public.${table} drop column extra`).join(";"));
  }, 60_000);

  it("makes the backup yield also behind a pooler that hides the names of sessions", async () => {
    const vault = vaultIn(await setting.newStore());
    const slow = { ...vault, put: slowly(vault, () => slowMs) };
    let slowMs = 9_000;
    const pooler = await startPooler(setting.server.port);
    try {
      const session = await other();
      let waited: Promise<number> | undefined;
      const alter = async () => {
        const begunAt = performance.now();
        await session.query("alter table public.posts add column extra int");
        slowMs = 0;
        return performance.now() - begunAt;
      };
      await setting.backUp(slow, pooler.through(setting.source.url), {
        reporter: (message) => {
          if (message.startsWith("Dumping")) waited ??= alter();
        },
      });
      expect(await waited).toBeLessThan(mostWaitMs(realTiming));
      await runSql(setting.source.url, "alter table public.posts drop column extra");
    } finally {
      await pooler.stop();
    }
  }, 60_000);

  it("without an end, a job that refreshes a materialized view again and again, ends no backup", async () => {
    const vault = vaultIn(await setting.newStore());
    const slowPut = slowly(vault, () => 6_000);
    let isDefined = false;
    const slow: Vault = {
      ...vault,
      put: async (key, ...rest) => {
        const stored = await slowPut(key, ...rest);
        isDefined ||= key.includes("schema.dump");
        return stored;
      },
    };
    const session = await other();
    const ended = new AbortController();
    let [longestMs, refreshed] = [0, 0];
    let begun: Promise<void> | undefined;
    const job = async () => {
      while (!isDefined) await sleep(20);
      // By then the run has released the locks for the definitions.
      await sleep(500);
      while (!ended.signal.aborted) {
        const begunAt = performance.now();
        await session.query("refresh materialized view public.by_author");
        longestMs = Math.max(longestMs, performance.now() - begunAt);
        refreshed += 1;
        await sleep(200);
      }
    };
    const said: string[] = [];
    const { backupId } = await setting.backUp(slow, setting.source.url, {
      reporter: (message) => {
        said.push(message);
        if (message.startsWith("Dumping")) begun ??= job();
      },
    });
    ended.abort();
    await begun;
    expect(said.filter((one) => one.includes("yielding"))).toEqual([]);
    expect(refreshed).toBeGreaterThan(4);
    expect(longestMs).toBeLessThan(3_500);
    await setting.check(vault, backupId);
  }, 60_000);

  it("that waits again and again, each time in another transaction, waits for less than 5 s in sum over the whole run", async () => {
    const vault = vaultIn(await setting.newStore());
    const slow = { ...vault, put: slowly(vault, () => 6_000 * FACTOR) };
    const session = await other();
    const ended = new AbortController();
    let sumMs = 0;
    let begun: Promise<void> | undefined;
    const migrations = async () => {
      while (!ended.signal.aborted) {
        const begunAt = performance.now();
        await session.query("alter table public.counters alter n set not null");
        const tookMs = performance.now() - begunAt;
        // Its own duration is not a wait.
        if (tookMs > 100) sumMs += tookMs;
        await sleep(20);
      }
    };
    const outcome = await setting
      .backUp(slow, setting.source.url, {
        timing: yielding,
        reporter: (message) => {
          if (message.startsWith("Dumping") && begun === undefined) begun = migrations();
        },
      })
      .catch((error: unknown) => error as Error);
    ended.abort();
    await begun;
    expect(sumMs).toBeGreaterThan(2_000 * FACTOR);
    expect(sumMs).toBeLessThan(mostWaitMs(yielding));
    expect((outcome as Error).message).toMatch(/yielded 3 times/);
    await runSql(setting.source.url, "alter table public.counters alter n drop not null");
  }, 60_000);

  it("that locks tables in the opposite order and holds each for a while is never the victim of a deadlock", async () => {
    const vault = vaultIn(await setting.newStore());
    const ended = new AbortController();
    const ends: string[] = [];
    const backups = (async () => {
      while (!ended.signal.aborted) {
        const end = await setting
          .backUp(vault, setting.source.url, { timing: { ...realTiming, lockPatienceMs: 5_000 } })
          .then(
            () => "well",
            (error: unknown) => (error as Error).message,
          );
        ends.push(end);
      }
    })();
    // Looks for deadlocks sooner than the backup's sessions do, so that the server would end this session.
    const session = await other(setting.source.superuserUrl);
    await session.query("set deadlock_timeout = '200ms'; set role postgres");
    const refused: unknown[] = [];
    let longestMs = 0;
    for (let round = 0; round < 20; round += 1) {
      const begunAt = performance.now();
      const holdMs = 50 + random() * 350;
      try {
        // Also a view, which pg_dump locks only when it dumps it.
        await session.query("begin; create or replace view public.seen as select n from public.counters");
        await sleep(holdMs);
        for (const table of ["tags", "posts", "counters", "authors"]) {
          await session.query(`lock table public.${table} in access exclusive mode`);
          await sleep(holdMs);
        }
        await session.query("commit");
      } catch (error) {
        refused.push((error as { code?: string }).code);
        await session.query("rollback");
      }
      longestMs = Math.max(longestMs, performance.now() - begunAt - 5 * holdMs);
      await sleep(random() * 500);
    }
    ended.abort();
    await backups;
    expect(refused).toEqual([]);
    expect(longestMs).toBeLessThan(5_000);
    for (const end of ends)
      expect(end).toMatch(/^well$|yielded [3-6] times|could not be locked for reading within 5 s/);
    await runSql(setting.source.url, "drop view public.seen");
  }, 120_000);
});
