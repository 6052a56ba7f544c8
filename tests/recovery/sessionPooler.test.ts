import { setTimeout as sleep } from "node:timers/promises";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { startPooler } from "../../lab/sandbox/pooler/pooler.ts";
import { inspectDatabase } from "../../recovery/postgres/catalog/databaseContent.ts";
import { connect } from "../../recovery/postgres/session/database.ts";
import { replace } from "../../recovery/restore/inPlace/replace.ts";
import { UserError } from "../../services/common/errors.ts";
import { realTiming } from "../../services/common/timing.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { SAMPLE } from "../faults/support/databases.ts";
import { expectRefusal } from "../support/refusal.ts";
import { forSuite } from "../support/suite.ts";
import { FACTOR, mostWaitMs, yielding } from "../support/timing.ts";
import { contentOf } from "./support/sample.ts";
import { startTestSource } from "./support/source.ts";

const started = forSuite(startTestSource);
const pooler = forSuite(() => startPooler(started.database.port));
let vault: Vault;
let url: string;
beforeAll(async () => {
  ({ vault } = started);
  url = pooler.through(started.database.url);
  await started.database.query(SAMPLE);
}, 60_000);

describe("through Supabase's session pooler", () => {
  it("backups and restores need few of its sessions, and say when there are none left", async () => {
    const narrow = await startPooler(started.database.port, { limits: () => ({ poolSize: 5 }) });
    try {
      await started.backUp(narrow.through(started.database.url), { timing: yielding });
      expect(narrow.sessions.most).toBeLessThanOrEqual(5);
      const full = await startPooler(started.database.port, { limits: () => ({ poolSize: 0 }) });
      const refused = started.backUp(full.through(started.database.url), { timing: yielding });
      await expectRefusal(refused, UserError, "has no free session: all of its pooler's sessions are taken");
      await full.stop();
    } finally {
      await narrow.stop();
    }
  }, 90_000);

  it("a refused login is not repeated so fast that the pooler blocks the address", async () => {
    // The real pauses, on a clock of the test's.
    let now = 0;
    const watched = await startPooler(started.database.port, { clock: () => now });
    const wrong = new URL(watched.through(started.database.url));
    wrong.password = "wrong";
    const look = () => inspectDatabase(wrong.href, new AbortController().signal);
    try {
      for (let times = 0; times < 30; times += 1, now += realTiming.refusedLoginMs)
        expect(await look()).toMatchObject({ state: "refused" });
      for (let times = 0; times < 10; times += 1) await look();
      expect(await look()).toEqual({
        state: "unreachable",
        reason: expect.stringMatching(/is blocked by Supabase's pooler for two minutes/),
      });
      now += 120_000;
      expect(await look()).toMatchObject({ state: "refused" });
    } finally {
      await watched.stop();
    }
  }, 90_000);

  it("a backup yields to a migration that comes while rows are on their way", async () => {
    const said: string[] = [];
    let migrated: Promise<number> | undefined;
    const slow: Vault = {
      ...vault,
      put: async (key, body, options) => {
        if (key.includes("/data/")) {
          // All readers have what they need to read: none meets the migration by itself.
          await sleep(1_000);
          migrated ??= migrate();
          await sleep(7_000 * FACTOR, undefined, options?.signal && { signal: options.signal });
        }
        return await vault.put(key, body, options);
      },
    };
    const migrate = async () => {
      const session = await connect(started.database.url, { applicationName: "test", lockTimeoutMs: 0 });
      const begunAt = performance.now();
      await session.query("alter table public.counters alter n set not null");
      const tookMs = performance.now() - begunAt;
      await session.end();
      return tookMs;
    };
    await started.backUp(url, { vault: slow, timing: yielding, reporter: (message) => said.push(message) });
    expect(await migrated).toBeLessThan(mostWaitMs(yielding));
    expect(said.join("\n")).toMatch(/yielding/);
  }, 90_000);

  it("a live database is replaced", async () => {
    const { backupId } = await started.backUp(url, { timing: yielding });
    const wanted = await contentOf(started.database.url);
    await started.database.query("update public.posts set title = 'wrong'; drop table public.tags");
    await replace(started.replacing(url, { backupId }));
    expect(await contentOf(started.database.url)).toEqual(wanted);
  }, 90_000);
});
