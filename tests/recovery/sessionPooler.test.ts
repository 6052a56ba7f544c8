import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { TIERS } from "../../planning/tiers.ts";
import { backup } from "../../recovery/backup/backup.ts";
import { connect } from "../../recovery/postgres/session/database.ts";
import { replace } from "../../recovery/restore/inPlace/replace.ts";
import { systemClock } from "../../services/common/clock.ts";
import { silent } from "../../services/common/reporter.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { SAMPLE } from "../faults/support/databases.ts";
import { type SessionPooler, startSessionPooler } from "../support/sessionPooler.ts";
import { FACTOR, mostWaitMs, yielding } from "../support/timing.ts";
import { contentOf, runSql } from "./support/sample.ts";
import { startTestSource, type TestSource } from "./support/source.ts";

let started: TestSource;
let pooler: SessionPooler;
let vault: Vault;
let url: string;
beforeAll(async () => {
  started = await startTestSource();
  pooler = await startSessionPooler(started.database.port);
  vault = await started.cloud.newVault();
  url = pooler.through(started.database.url);
  await runSql(started.database.url, SAMPLE);
}, 60_000);
afterAll(async () => {
  await pooler.stop();
  await started.stop();
});

const backUp = (into: Vault, reporter: (message: string) => void = silent) =>
  backup({
    databaseUrl: url,
    vault: into,
    signer: started.signer,
    tiers: TIERS,
    clock: systemClock,
    timing: yielding,
    reporter,
  });

describe("through Supabase's session pooler", () => {
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
    await backUp(slow, (message) => said.push(message));
    expect(await migrated).toBeLessThan(mostWaitMs(yielding));
    expect(said.join("\n")).toMatch(/yielding/);
  }, 90_000);

  it("a live database is replaced", async () => {
    const { backupId } = await backUp(vault);
    const wanted = await contentOf(started.database.url);
    await runSql(started.database.url, "update public.posts set title = 'wrong'; drop table public.tags");
    await replace({
      vault,
      trustedKeys: started.trustedKeys,
      tiers: TIERS,
      backupId,
      targetUrl: url,
      confirm: () => Promise.resolve(),
      saveFirst: () => Promise.resolve("20260101T000000Z-000000"),
      clock: systemClock,
      reporter: silent,
    });
    expect(await contentOf(started.database.url)).toEqual(wanted);
  }, 90_000);
});
