import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { backup } from "../../recovery/backup/backup.ts";
import { restore } from "../../recovery/restore/recipes/restore.ts";
import { listBackups } from "../../recovery/vault/listBackups.ts";
import { verify } from "../../recovery/verify/verify.ts";
import { systemClock } from "../../services/common/clock.ts";
import { silent } from "../../services/common/reporter.ts";
import { s3Vault } from "../../services/vault/s3Vault.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { startTestCloud, type TestCloud } from "../recovery/support/cloud.ts";
import { dumpOf, runSql } from "../recovery/support/sample.ts";
import { startTestDatabase, type TestDatabase } from "../support/postgres.ts";
import { type FreshDatabase, SAMPLE, sessionsLeft, startTargetServer, type TargetServer } from "./support/databases.ts";
import { localSigner, newPrivateKey, publicKeyOf, type RunnerOrder, type Store, TIERS } from "./support/order.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { runToEnd, startRunner } from "./support/runnerProcess.ts";

/** Of each kind. */
const ROUNDS = 25;
/** A vault holds the backups of so many rounds, or each listing would read ever more of them. */
const ROUNDS_OF_A_VAULT = 5;
/** What the server may take to notice that a client has gone. */
const SESSIONS_GONE_MS = 10_000;

const seed = seedOfRun();
const random = randomFrom(seed);
const privateKey = newPrivateKey();
const trustedKeys = [publicKeyOf(privateKey)];

let cloud: TestCloud;
let source: TestDatabase;
let targets: TargetServer;
let content: string;
beforeAll(async () => {
  [cloud, source, targets] = await Promise.all([startTestCloud(), startTestDatabase(), startTargetServer()]);
  await runSql(source.url, SAMPLE);
  content = dumpOf(source.superuserUrl);
}, 60_000);
afterAll(async () => {
  await Promise.all([cloud.stop(), source.stop(), targets.stop()]);
});

const newStore = async (): Promise<Store> => {
  const { name } = await cloud.newVault();
  return { bucket: name, region: cloud.region, endpoint: cloud.endpoint };
};
const list = (vault: Vault) => listBackups({ vault, trustedKeys, tiers: TIERS });
const check = (vault: Vault, backupId: string) =>
  verify({ vault, trustedKeys, tiers: TIERS, backupId, reporter: silent });
const backUp = (vault: Vault) =>
  backup({
    databaseUrl: source.url,
    vault,
    signer: localSigner(privateKey),
    tiers: TIERS,
    clock: systemClock,
    reporter: silent,
  });

/**
 * Durations of undisturbed runners, the newest last; a kill is aimed by the median, since other programs share the machine. Those of
 * runs in this process are none: it has been warm for long, so that kills which are aimed by them would all come early.
 */
class Durations {
  readonly #seen: number[] = [];

  add(durationMs: number): void {
    this.#seen.push(durationMs);
  }

  get median(): number {
    return [...this.#seen].sort((a, b) => a - b)[this.#seen.length >> 1] ?? 0;
  }
}

/** How often a run that was over before its kill is made again, to be killed earlier. */
const TRIES = 6;

/** What one kill has met. */
interface Kill<T> {
  at: T;
  afterMs: number;
  /** The last sentence that was said before. */
  phase: string;
}

/** Starts a runner and kills it after so long since its first sentence; one that was over by then is followed by another, killed earlier. */
async function killOne<T>(
  orderOf: () => Promise<{ at: T; order: RunnerOrder }>,
  instant: number,
  durations: Durations,
  whenOver: (at: T) => Promise<void>,
): Promise<Kill<T>> {
  let afterMs = instant * durations.median;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { at, order } = await orderOf();
    const runner = startRunner(order);
    await runner.says("");
    const timer = setTimeout(() => runner.kill(), afterMs);
    const end = await runner.ended;
    clearTimeout(timer);
    if (end.signal === "SIGKILL") return { at, afterMs, phase: end.said.at(-1) ?? "" };
    expect(end).toMatchObject({ code: 0, stderr: "" });
    durations.add(end.durationMs);
    await whenOver(at);
    afterMs = Math.min(afterMs, end.durationMs) * 0.9;
  }
  throw new Error(`no run lasted until its kill in ${TRIES} attempts`);
}

/** Says which kill a failed check belongs to, and how to play it again. */
async function inRound<T>(round: number, afterMs: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = `kill ${round} at ${Math.round(afterMs)} ms, FAULTS_SEED=${seed}: ${(error as Error).message}`;
    throw new Error(message, { cause: error });
  }
}

/** The rounds' instants, as shares of a run: one at random in each of as many equal slices, so that they cover all of it. */
const instants = (count: number) => Array.from({ length: count }, (_, index) => (index + random()) / count);

describe(`a runner that is killed (seed ${seed})`, () => {
  it(`leaves no false backup, harms no earlier one and is in nobody's way: ${ROUNDS} backups`, async () => {
    const durations = new Durations();
    const phases = new Set<string>();
    let store = await newStore();
    let vault = s3Vault(store);
    let wholeBefore = new Set<string>();
    for (const [round, instant] of instants(ROUNDS).entries()) {
      if (round % ROUNDS_OF_A_VAULT === 0) {
        store = await newStore();
        vault = s3Vault(store);
        const first = await runToEnd({ kind: "backup", databaseUrl: source.url, store, privateKey });
        expect(first).toMatchObject({ code: 0, stderr: "" });
        durations.add(first.durationMs);
        wholeBefore = new Set([first.backupId!]);
      }
      const order: RunnerOrder = { kind: "backup", databaseUrl: source.url, store, privateKey };
      const orderOf = () => Promise.resolve({ at: undefined, order });
      const keepWhole = async () => {
        for (const one of await list(vault)) if (one.proven) wholeBefore.add(one.backupId);
      };
      const { afterMs, phase } = await killOne(orderOf, instant, durations, keepWhole);
      phases.add(phase.slice(0, 8));
      await inRound(round, afterMs, async () => {
        const found = await list(vault);
        const proven = found.filter((one) => one.proven).map((one) => one.backupId);
        expect(proven).toEqual(expect.arrayContaining([...wholeBefore]));
        // Killed after its proof was stored it is a backup like any other: then it must be one in full.
        const own = proven.filter((backupId) => !wholeBefore.has(backupId));
        expect(own.length).toBeLessThanOrEqual(1);
        for (const backupId of own) expect(await check(vault, backupId)).toMatchObject({ backupId });
        for (const one of found.filter(({ proven: isProven }) => !isProven)) expect(one.problems).not.toEqual([]);
        expect(await sessionsLeft(source.superuserUrl, SESSIONS_GONE_MS)).toEqual([]);
        // Its own proof has read it back; its listing is the next round's.
        const following = await backUp(vault);
        wholeBefore.add(following.backupId).add(own[0] ?? following.backupId);
      });
      if ((round + 1) % ROUNDS_OF_A_VAULT > 0) continue;
      const proven = (await list(vault)).filter((one) => one.proven).map((one) => one.backupId);
      expect(new Set(proven)).toEqual(wholeBefore);
      for (const backupId of proven) expect(await check(vault, backupId)).toMatchObject({ backupId });
    }
    // Kills have come while it read, and before and after; else nothing was shown of those.
    expect([...phases]).toEqual(expect.arrayContaining(["Dumping "]));
    expect(phases.size).toBeGreaterThan(2);
  }, 600_000);

  it(`goes on with its restore, which brings every row once: ${ROUNDS} restores`, async () => {
    const store = await newStore();
    const vault = s3Vault(store);
    const { backupId } = await backUp(vault);
    const durations = new Durations();
    const phases = new Set<string>();
    const orderOf = async () => {
      const at = await targets.newDatabase();
      return { at, order: { kind: "restore", databaseUrl: at.url, store, privateKey } satisfies RunnerOrder };
    };
    const expectWhole = async (target: FreshDatabase) => {
      expect(dumpOf(target.superuserUrl)).toBe(content);
      await target.remove();
    };
    const undisturbed = await orderOf();
    const first = await runToEnd(undisturbed.order);
    expect(first).toMatchObject({ code: 0, stderr: "", backupId });
    await expectWhole(undisturbed.at);
    durations.add(first.durationMs);
    for (const [round, instant] of instants(ROUNDS).entries()) {
      const { at: target, afterMs, phase } = await killOne(orderOf, instant, durations, expectWhole);
      phases.add(phase.slice(0, 8));
      await inRound(round, afterMs, async () => {
        const result = await restore({
          vault,
          trustedKeys,
          tiers: TIERS,
          targetUrl: target.url,
          generation: 1,
          clock: systemClock,
          reporter: silent,
        });
        expect(result.backupId).toBe(backupId);
        expect(await sessionsLeft(targets.superuserUrl, SESSIONS_GONE_MS)).toEqual([]);
        await expectWhole(target);
      });
    }
    expect([...phases]).toEqual(expect.arrayContaining(["Restorin", "Making i"]));
    expect(phases.size).toBeGreaterThan(3);
  }, 600_000);
});
