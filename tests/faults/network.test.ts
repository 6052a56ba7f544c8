import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { realTiming } from "../../services/common/timing.ts";
import { dumpOf } from "../recovery/support/sample.ts";
import { brisk, scaledTiming } from "../support/timing.ts";
import { sessionsLeft } from "./support/databases.ts";
import { failedWith, runToEnd, startRunner, succeeded } from "./support/runnerProcess.ts";
import { type Setting, suiteSetting, vaultIn } from "./support/setting.ts";
import { startTcpProxy, type TcpProxy } from "./support/tcpProxy.ts";

const setting = suiteSetting();
let way: TcpProxy;
let wayToS3: TcpProxy;
beforeEach(async () => {
  [way, wayToS3] = await Promise.all([
    startTcpProxy(setting.server.port),
    startTcpProxy(Number(new URL(setting.cloud.endpoint).port)),
  ]);
});
afterEach(() => Promise.all([way.stop(), wayToS3.stop()]));

/** A fifth of the real waits, except those that last as long as the fault, or that a busy machine may need. */
const timing = scaledTiming(0.2, {
  connectMs: 4_000,
  attemptPauseMs: 1_000,
  runLockMs: realTiming.runLockMs,
  restoreLockMs: realTiming.restoreLockMs,
});
/** An order whose runner waits by this timing. */
const orderOf = (...args: Parameters<Setting["order"]>) => ({ ...setting.order(...args), timing });
/** The same database, through the proxy that can break. */
const over = (url: string) => url.replace(/:\d+\//, `:${way.port}/`);
const behindWay = async () => ({ ...(await setting.newStore()), endpoint: `http://127.0.0.1:${wayToS3.port}` });
/** Waits for so many bytes of rows, so that a cut comes in the middle of them. */
async function bytesFrom(proxy: TcpProxy, count: number): Promise<void> {
  const begun = proxy.received();
  while (proxy.received() < begun + count) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("a cut between the runner and Postgres", () => {
  it("in the middle of a backup is survived by a new snapshot, if it is short", async () => {
    const store = await setting.newStore();
    const runner = startRunner(orderOf("backup", over(setting.source.url), store));
    await runner.says("Dumping");
    await bytesFrom(way, 500_000);
    way.cut();
    setTimeout(() => way.mend(), 500);
    const end = await runner.ended;
    expect(end).toMatchObject(succeeded);
    expect(end.said).toContain("The connection that held the snapshot was lost, then starting again");
    expect(await setting.check(vaultIn(store))).toMatchObject({ backupId: end.backupId });
    expect(await sessionsLeft(setting.server.superuserUrl, 10_000)).toEqual([]);
  }, 60_000);

  it("that lasts ends a backup and a restore with one message; then the same call continues", async () => {
    const store = await setting.newStore();
    const { backupId } = await setting.backUp(vaultIn(store));
    const target = await setting.server.newDatabase();
    const order = orderOf("restore", over(target.url), store);
    const restoring = startRunner(order);
    await restoring.says("Restoring");
    way.cut();
    expect(await restoring.ended).toMatchObject(
      failedWith(/is lost\. Check the network .* run the same command again/),
    );
    const backingUp = await runToEnd(orderOf("backup", over(setting.source.url), store));
    expect(backingUp).toMatchObject(failedWith(/^The database 127\.0\.0\.1:\d+ cannot be reached \(ECONNRESET\)/));
    way.mend();
    expect(await runToEnd(order)).toMatchObject({ ...succeeded, backupId });
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
    expect((await setting.list(vaultIn(store))).map((one) => [one.backupId, one.proven])).toEqual([[backupId, true]]);
  }, 60_000);

  it("without a reset, as of a cable, is noticed within half a minute", async () => {
    const store = await setting.newStore();
    const { backupId } = await setting.backUp(vaultIn(store));
    const target = await setting.server.newDatabase();
    const [backingUp, restoring] = [
      startRunner(orderOf("backup", over(setting.source.url), store)),
      startRunner(orderOf("restore", over(target.url), store)),
    ];
    await Promise.all([backingUp.says("Dumping"), restoring.says("Restoring")]);
    way.silence();
    const silentAt = performance.now();
    const restored = await restoring.ended;
    expect(performance.now() - silentAt).toBeLessThan(timing.unreachableMs + 2 * timing.probeEveryMs + 15_000);
    expect(restored).toMatchObject(failedWith(/is lost|has stopped answering/));
    // The backup's new connection over the mended network is its second attempt.
    way.mend();
    expect(await backingUp.ended).toMatchObject(succeeded);
    expect((await setting.restoreInto({ url: over(target.url) }, vaultIn(store), backupId)).backupId).toBe(backupId);
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 120_000);
});

describe("a network that falls silent", () => {
  it("as the snapshot is taken is noticed as well, and the run starts again when it is back", async () => {
    const store = await setting.newStore();
    const runner = startRunner(orderOf("backup", over(setting.source.url), store));
    await runner.says("Taking a snapshot");
    way.silence();
    await runner.says("The connection that held the snapshot was lost");
    way.mend();
    const end = await runner.ended;
    expect(end).toMatchObject(succeeded);
    expect(end.durationMs).toBeLessThan(timing.silenceMs + 40_000);
    expect(await setting.check(vaultIn(store))).toMatchObject({ backupId: end.backupId });
  }, 90_000);
});

describe("a cut between the runner and S3", () => {
  it("that is short, or silent, is survived by a backup and by a restore", async () => {
    const store = { ...(await behindWay()), timing: { ...brisk, awsSilenceMs: 2_000 } };
    const backingUp = startRunner(orderOf("backup", setting.source.url, store));
    await backingUp.says("Dumping");
    wayToS3.cut();
    setTimeout(() => wayToS3.mend(), 1_500);
    const { backupId, ...end } = await backingUp.ended;
    expect(end).toMatchObject(succeeded);
    const target = await setting.server.newDatabase();
    const restoring = startRunner(orderOf("restore", target.url, store));
    await restoring.says("Restoring");
    wayToS3.silence();
    setTimeout(() => wayToS3.mend(), 3_000);
    expect(await restoring.ended).toMatchObject({ ...succeeded, backupId });
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 90_000);

  it("that lasts ends a run with one message, and leaves no backup", async () => {
    const store = { ...(await behindWay()), timing: { ...brisk, awsPatienceMs: 500 } };
    const runner = startRunner(orderOf("backup", setting.source.url, store));
    await runner.says("Dumping");
    wayToS3.cut();
    expect(await runner.ended).toMatchObject(failedWith(/^S3 in \S+ at \S+ cannot be reached \(ECONNRESET\)/));
    wayToS3.mend();
    expect((await setting.list(vaultIn(store))).filter((one) => one.manifest !== undefined)).toEqual([]);
    expect(await sessionsLeft(setting.server.superuserUrl, 10_000)).toEqual([]);
  }, 60_000);
});
