import { beforeAll, describe, expect, it } from "@jest/globals";

import { rowsOf } from "../../recovery/vault/manifest.ts";
import { until } from "../../services/common/polling.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { runSql } from "../recovery/support/sample.ts";
import { mostWaitMs, yielding } from "../support/timing.ts";
import { otherSessions } from "./support/databases.ts";
import { suiteSetting, vaultIn } from "./support/setting.ts";

const setting = suiteSetting();
const connectOther = otherSessions();

/** Its name would erase a line of a terminal. */
const STAGING = 'public."stag\u001b[2Jing"';
const SHOWN = String.raw`public.stag\\u001b\[2Jing`;
const fill = (rows: number) => `insert into ${STAGING} select n from generate_series(1, ${rows}) n`;
beforeAll(() =>
  runSql(
    setting.source.url,
    `create table ${STAGING} (n int); create view public.staged as table ${STAGING}; ${fill(500)}`,
  ),
);

/** Empties the table as a nightly job does, and fills it again. Returns how long that took, in milliseconds. */
async function renewed(rows: number): Promise<number> {
  const session = await connectOther(setting.source.url);
  await session.query("set application_name = 'nightly job'");
  const begunAt = performance.now();
  await session.query(`/* key 'hunter2' */ truncate ${STAGING}; ${fill(rows)}`);
  return performance.now() - begunAt;
}

/** Waits until pg_dump has locked the table as well, or until the run has released it. */
async function locked(): Promise<void> {
  const count = `select count(distinct pid)::int as n from pg_locks where relation = '${STAGING}'::regclass and granted`;
  await until(async () => (await runSql<{ n: number }>(setting.source.url, count))[0]!.n !== 1, {
    everyMs: 5,
    limitMs: 10_000,
  });
}

/** A backup whose rows, and other objects if asked for, count as stored only once the table was emptied, which each attempt waits for. */
async function backUpBehind(emptyIn: (attempt: number) => Promise<unknown> | undefined, held = /\/data\//) {
  const vault = vaultIn(await setting.newStore());
  let emptying: Promise<unknown> | undefined;
  let attempt = 0;
  const gated: Vault = {
    ...vault,
    async put(key, body, options) {
      const stored = await vault.put(key, body, options);
      if (held.test(key)) await Promise.race([emptying, aborted(options?.signal)]);
      return stored;
    },
  };
  const said: string[] = [];
  const result = await setting.backUp(gated, setting.source.url, {
    timing: yielding,
    reporter: (message) => {
      said.push(message);
      if (message.startsWith("Dumping")) emptying = emptyIn((attempt += 1));
    },
  });
  const [backup] = await setting.list(vault);
  const manifest = backup!.manifest!;
  const staged = manifest.tables.find(({ name }) => name.startsWith("stag"))!;
  return { vault, said, result, manifest, staged };
}

function aborted(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

describe("a table that a job empties again and again", () => {
  it("is released before the other tables: the second attempt has its rows though it is emptied meanwhile", async () => {
    const waits: Promise<number>[] = [];
    const { vault, said, result, manifest, staged } = await backUpBehind(async (attempt) => {
      if (attempt > 1) await locked();
      waits.push(renewed(500 - 100 * attempt));
      await waits.at(-1);
    });
    expect(said.filter((one) => one.includes("yielding"))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Another session waits for a table \\(process \\d+ \\("nightly job", user postgres: TRUNCATE of ${SHOWN}\\)\\): yielding, then starting again$`,
        ),
      ),
    ]);
    for (const waited of await Promise.all(waits)) expect(waited).toBeLessThan(mostWaitMs(yielding));
    expect(waits).toHaveLength(2);
    expect(staged.rows).toBe(400);
    expect(rowsOf(manifest)).toBe(result.rows);
    await setting.check(vault, result.backupId);
  }, 60_000);

  it("is never read after the session that held it for the snapshot is lost: the run starts again", async () => {
    // It began before the snapshot, and so before pg_dump, which locks the table as well.
    const holder = `select pg_terminate_backend(first.pid) from (select a.pid from pg_locks l join pg_stat_activity a using (pid)
      where l.relation = '${STAGING}'::regclass order by a.backend_start limit 1) first`;
    const { vault, said, result, manifest, staged } = await backUpBehind(async (attempt) => {
      if (attempt === 2) await runSql(setting.source.superuserUrl, holder);
      if (attempt <= 2) await renewed(500 - 100 * attempt);
      // The session that holds the table ends once the definitions are stored.
    }, /\/data\/|\/schema\./);
    expect(said).toContain("The connection that held the snapshot was lost, then starting again");
    expect(manifest.chunks.every(({ key }) => key.includes("/attempt-3/"))).toBe(true);
    expect(staged.rows).toBe(300);
    await setting.check(vault, result.backupId);
  }, 60_000);
});
