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
import { type FreshDatabase, startTargetServer, type TargetServer } from "../support/targetServer.ts";
import { SAMPLE, sessionsLeft } from "./support/databases.ts";
import { localSigner, newPrivateKey, publicKeyOf, type RunnerOrder, type Store, TIERS } from "./support/order.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { type RunnerEnd, runToEnd, startRunner } from "./support/runnerProcess.ts";

/** Kills at instants that are spread over a whole run, beside one in each of its phases; a backup has few phases. `make soak` has more. */
const SPREAD = process.env["CASTCHAT_SOAK"] === undefined ? { backup: 4, restore: 0 } : { backup: 25, restore: 25 };
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

/** A kill to come: so long after a sentence of the runner, or after its first one. */
interface Aim {
  after: string;
  delayMs: number;
}

/** One kill at random in each phase of an undisturbed run, then those that are spread over all of it. */
function aimsBy({ said, saidAtMs, durationMs }: RunnerEnd, spread: number): Aim[] {
  const phases = said.map((sentence, index): Aim => {
    const lastsMs = (saidAtMs[index + 1] ?? durationMs) - (saidAtMs[index] ?? 0);
    return { after: sentence.slice(0, BEGINNING), delayMs: random() * lastsMs };
  });
  const firstOfEach = phases.filter((one, index) => phases.findIndex(({ after }) => after === one.after) === index);
  const others = Array.from({ length: spread }, (_, index): Aim => {
    return { after: "", delayMs: ((index + random()) / spread) * durationMs };
  });
  return [...firstOfEach, ...others];
}

/** So many letters of a sentence say which phase it is. */
const BEGINNING = 8;
/** How often a run that was over before its kill is made again, to be killed earlier. */
const TRIES = 6;

/** What one kill has met. */
interface Kill<T> {
  at: T;
  afterMs: number;
  /** How the last sentence that was said before it begins. */
  phase: string;
}

/** Starts a runner and kills it as it is aimed; one that was over by then is followed by another, killed earlier. */
async function killOne<T>(
  orderOf: () => Promise<{ at: T; order: RunnerOrder }>,
  { after, delayMs }: Aim,
  whenOver: (at: T) => Promise<void>,
): Promise<Kill<T>> {
  let afterMs = delayMs;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { at, order } = await orderOf();
    const runner = startRunner(order);
    await runner.says(after);
    const timer = setTimeout(() => runner.kill(), afterMs);
    const end = await runner.ended;
    clearTimeout(timer);
    if (end.signal === "SIGKILL") return { at, afterMs, phase: (end.said.at(-1) ?? "").slice(0, BEGINNING) };
    expect(end).toMatchObject({ code: 0, stderr: "" });
    await whenOver(at);
    afterMs /= 2;
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

describe(`a runner that is killed (seed ${seed})`, () => {
  it(`leaves no false backup, harms no earlier one and is in nobody's way: backups`, async () => {
    const phases = new Set<string>();
    let store = await newStore();
    let vault = s3Vault(store);
    let wholeBefore = new Set<string>();
    const undisturbed = async () => {
      store = await newStore();
      vault = s3Vault(store);
      const first = await runToEnd({ kind: "backup", databaseUrl: source.url, store, privateKey });
      expect(first).toMatchObject({ code: 0, stderr: "" });
      wholeBefore = new Set([first.backupId!]);
      return first;
    };
    const aims = aimsBy(await undisturbed(), SPREAD.backup);
    for (const [round, aim] of aims.entries()) {
      if (round > 0 && round % ROUNDS_OF_A_VAULT === 0) await undisturbed();
      const order: RunnerOrder = { kind: "backup", databaseUrl: source.url, store, privateKey };
      const orderOf = () => Promise.resolve({ at: undefined, order });
      const keepWhole = async () => {
        for (const one of await list(vault)) if (one.proven) wholeBefore.add(one.backupId);
      };
      const { afterMs, phase } = await killOne(orderOf, aim, keepWhole);
      phases.add(phase);
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
      if ((round + 1) % ROUNDS_OF_A_VAULT > 0 && round + 1 < aims.length) continue;
      const proven = (await list(vault)).filter((one) => one.proven).map((one) => one.backupId);
      expect(new Set(proven)).toEqual(wholeBefore);
      for (const backupId of proven) expect(await check(vault, backupId)).toMatchObject({ backupId });
    }
    // Kills have come while it read, and before and after; else nothing was shown of those.
    expect([...phases]).toEqual(expect.arrayContaining(["Dumping "]));
    expect(phases.size).toBeGreaterThan(2);
  }, 600_000);

  it(`goes on with its restore, which brings every row once: restores`, async () => {
    const store = await newStore();
    const vault = s3Vault(store);
    const { backupId } = await backUp(vault);
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
    for (const [round, aim] of aimsBy(first, SPREAD.restore).entries()) {
      const { at: target, afterMs, phase } = await killOne(orderOf, aim, expectWhole);
      phases.add(phase);
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
