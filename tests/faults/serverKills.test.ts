import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { dumpOf, runSql } from "../recovery/support/sample.ts";
import { startTargetServer, type TargetServer } from "../support/targetServer.ts";
import { brisk } from "../support/timing.ts";
import { SAMPLE } from "./support/databases.ts";
import type { Store } from "./support/order.ts";
import { type PlainS3, startPlainS3 } from "./support/plainS3.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { failedWith, type RunnerProcess, runToEnd, startRunner, succeeded } from "./support/runnerProcess.ts";
import { type Setting, suiteSetting, vaultIn } from "./support/setting.ts";

/** The time that a runner stays at the start of the phase in question. The kill comes in that time or soon after it. */
const LINGER_MS = 40;
const seed = seedOfRun();
const random = randomFrom(seed);

const setting = suiteSetting();
/** A server of its own, which is killed and started again. */
let victim: TargetServer;
let s3: PlainS3;
beforeAll(async () => {
  [victim, s3] = await Promise.all([startTargetServer(), startPlainS3()]);
  await runSql(victim.url, SAMPLE);
}, 60_000);
afterAll(() => Promise.all([victim.stop(), s3.stop()]));

/** An order whose runner stays at the start of a phase. */
const lingering = (phase: string, ...args: Parameters<Setting["order"]>) => ({
  ...setting.order(...args),
  linger: { in: phase, ms: LINGER_MS },
});
/** A runner that is in its phase, at its start or soon after it. */
async function startedIn(order: ReturnType<typeof lingering>): Promise<RunnerProcess> {
  const runner = startRunner(order);
  await runner.says(order.linger.in);
  await sleep(random() * 1.5 * LINGER_MS);
  return runner;
}

describe(`Postgres, killed with -9 (seed ${seed})`, () => {
  it("during a backup: the run starts again if the server comes back, and otherwise leaves nothing", async () => {
    const store = await setting.newStore();
    const order = lingering("Dumping", "backup", victim.url, store);
    const runner = await startedIn(order);
    await victim.crash();
    await victim.startAgain();
    const end = await runner.ended;
    expect(end).toMatchObject(succeeded);
    expect(end.said).toContain("The connection that held the snapshot was lost, then starting again");
    expect(await setting.check(vaultIn(store))).toMatchObject({ backupId: end.backupId });

    const other = startRunner({ ...order, timing: brisk });
    await other.says("Dumping");
    await victim.crash();
    expect(await other.ended).toMatchObject(failedWith(/lost in each of 3 attempts\. Check the network/));
    expect(await setting.proven(vaultIn(store))).toHaveLength(1);
    await victim.startAgain();
    expect(await runToEnd(order)).toMatchObject(succeeded);
  }, 120_000);

  it.each(["Making types", "Restoring", "Making indexes", "Comparing"])(
    "during a restore (%s): the same call continues",
    async (phase) => {
      const store = await setting.newStore();
      const { backupId } = await setting.backUp(vaultIn(store));
      const target = await victim.newDatabase();
      const order = lingering(phase, "restore", target.url, store);
      const runner = await startedIn(order);
      await victim.crash();
      expect(await runner.ended).toMatchObject(
        failedWith(/^The (connection to the target )?database .*(run the same command again|Check the address)/),
      );
      await victim.startAgain();
      expect(await runToEnd(order)).toMatchObject({ ...succeeded, backupId });
      expect(dumpOf(target.superuserUrl)).toBe(setting.content);
      await target.remove();
    },
    60_000,
  );
});

describe("S3, killed with -9", () => {
  const store = (awsPatienceMs = 4_000): Store => ({
    bucket: "vault",
    region: "ap-northeast-1",
    endpoint: s3.endpoint,
    timing: { ...brisk, awsPatienceMs },
  });

  it("is waited for by a backup and by a restore if it comes back", async () => {
    const backingUp = await startedIn(lingering("Dumping", "backup", setting.source.url, store()));
    await s3.crash();
    setTimeout(() => void s3.startAgain(), 1_000);
    const { backupId, ...end } = await backingUp.ended;
    expect(end).toMatchObject(succeeded);
    expect(await setting.check(vaultIn(store()))).toMatchObject({ backupId });
    const target = await setting.server.newDatabase();
    const restoring = await startedIn(lingering("Restoring", "restore", target.url, store()));
    await s3.crash();
    setTimeout(() => void s3.startAgain(), 1_000);
    expect(await restoring.ended).toMatchObject({ ...succeeded, backupId });
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 60_000);

  it.each(["Dumping", "Signing", "Reading the backup back"])(
    "for good, from %s on: no false backup, the earlier ones are whole, and the next run works",
    async (phase) => {
      const before = await setting.proven(vaultIn(store()));
      const runner = startRunner(lingering(phase, "backup", setting.source.url, store(1_000)));
      await runner.says(phase);
      await s3.crash();
      expect(await runner.ended).toMatchObject(failedWith(/^S3 in \S+ at \S+ cannot be reached/));
      await s3.startAgain();
      expect(await setting.proven(vaultIn(store()))).toEqual(before);
      const { backupId } = await runToEnd(setting.order("backup", setting.source.url, store()));
      for (const id of [...before, backupId])
        expect(await setting.check(vaultIn(store()), id)).toMatchObject({ backupId: id });
    },
    60_000,
  );
});
