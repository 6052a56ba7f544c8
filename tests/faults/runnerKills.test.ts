import { describe, expect, it } from "@jest/globals";

import { dumpOf } from "../recovery/support/sample.ts";
import type { FreshDatabase } from "../support/targetServer.ts";
import { sessionsLeft } from "./support/databases.ts";
import type { RunnerOrder } from "./support/order.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { type RunnerEnd, runToEnd, startRunner, succeeded } from "./support/runnerProcess.ts";
import { suiteSetting, vaultIn } from "./support/setting.ts";

/** The number of kills at instants that are spread over a whole run, beside one in each of its phases. `make soak` has more. */
const SPREAD = process.env["CASTCHAT_SOAK"] === undefined ? { backup: 4, restore: 0 } : { backup: 25, restore: 25 };
/** After so many kills a new vault is used, because each listing reads all backups of a vault. */
const ROUNDS_OF_A_VAULT = 5;
/** The time that the server may need to notice that a client is gone. */
const SESSIONS_GONE_MS = 10_000;
/** The time that a runner stays in the phase in which it will be killed, so that no phase is too short for a kill. */
const LINGER_MS = 20;
/** The first letters of a sentence name the phase. */
const LETTERS_OF_A_PHASE = 8;
const phaseOf = (sentence = "") => sentence.slice(0, LETTERS_OF_A_PHASE);
/** How often a kill is tried again, each time after half the delay, if the runner left the phase or ended before it. */
const TRIES = 6;

const seed = seedOfRun();
const random = randomFrom(seed);

const setting = suiteSetting();

/** A planned kill: so long after the runner has reported the phase, or after its first sentence if the phase is "". */
interface Aim {
  phase: string;
  delayMs: number;
}

/** One kill at a random instant in each phase of an undisturbed run, then those that are spread over all of it. */
function aimsBy({ said, saidAtMs, durationMs }: RunnerEnd, spread: number): Aim[] {
  const phases = [...new Set(said.map(phaseOf))].map((phase): Aim => {
    const index = said.findIndex((sentence) => phaseOf(sentence) === phase);
    const lastsMs = (saidAtMs[index + 1] ?? durationMs) - saidAtMs[index]!;
    return { phase, delayMs: random() * (LINGER_MS + lastsMs) };
  });
  const others = Array.from({ length: spread }, (_, index): Aim => {
    return { phase: "", delayMs: ((index + random()) / spread) * durationMs };
  });
  return [...phases, ...others];
}

/** Starts runners until the kill of one has met its aim. */
async function killOne<T>(
  orderOf: () => Promise<{ at: T; order: RunnerOrder }>,
  { phase: aimedPhase, delayMs }: Aim,
  afterMiss: (at: T, wasKilled: boolean) => Promise<void>,
): Promise<{ at: T; afterMs: number; phase: string }> {
  for (let afterMs = delayMs, attempt = 0; attempt < TRIES; afterMs /= 2, attempt += 1) {
    const { at, order } = await orderOf();
    const linger = aimedPhase === "" ? undefined : { in: aimedPhase, ms: LINGER_MS };
    const runner = startRunner({ ...order, linger });
    await runner.says(aimedPhase);
    const timer = setTimeout(() => runner.kill(), afterMs);
    const end = await runner.ended;
    clearTimeout(timer);
    const wasKilled = end.signal === "SIGKILL";
    const phase = phaseOf(end.said.at(-1));
    if (wasKilled && (aimedPhase === "" || phase === aimedPhase)) return { at, afterMs, phase };
    if (!wasKilled) expect(end).toMatchObject(succeeded);
    await afterMiss(at, wasKilled);
  }
  throw new Error(`no kill in the phase "${aimedPhase}" in ${TRIES} attempts`);
}

/** Adds to a failed check which kill it belongs to, and how to repeat it. */
async function inRound<T>(round: number, afterMs: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = `kill ${round} at ${Math.round(afterMs)} ms, FAULTS_SEED=${seed}: ${(error as Error).message}`;
    throw new Error(message, { cause: error });
  }
}

describe(`a runner that is killed (seed ${seed})`, () => {
  it(`leaves no false backup, harms no earlier one and holds up no other session: backups`, async () => {
    const phases = new Set<string>();
    let order = setting.order("backup", setting.source.url, await setting.newStore());
    let vault = vaultIn(order.store);
    const wholeBefore = new Set<string>();
    const undisturbed = async () => {
      order = { ...order, store: await setting.newStore() };
      vault = vaultIn(order.store);
      const first = await runToEnd(order);
      expect(first).toMatchObject(succeeded);
      wholeBefore.clear();
      wholeBefore.add(first.backupId!);
      return first;
    };
    const orderOf = () => Promise.resolve({ at: undefined, order });
    const keepWhole = async () => {
      for (const backupId of await setting.proven(vault)) wholeBefore.add(backupId);
    };
    const aims = aimsBy(await undisturbed(), SPREAD.backup);
    for (const [round, aim] of aims.entries()) {
      if (round > 0 && round % ROUNDS_OF_A_VAULT === 0) await undisturbed();
      const { afterMs, phase } = await killOne(orderOf, aim, keepWhole);
      phases.add(phase);
      await inRound(round, afterMs, async () => {
        const found = await setting.list(vault);
        const proven = found.filter((one) => one.proven).map((one) => one.backupId);
        expect(proven).toEqual(expect.arrayContaining([...wholeBefore]));
        // If the run was killed after its proof was stored, its backup must be whole, as any other.
        const own = proven.filter((backupId) => !wholeBefore.has(backupId));
        expect(own.length).toBeLessThanOrEqual(1);
        for (const backupId of own) expect(await setting.check(vault, backupId)).toMatchObject({ backupId });
        for (const one of found.filter(({ proven: isProven }) => !isProven)) expect(one.problems).not.toEqual([]);
        expect(await sessionsLeft(setting.server.superuserUrl, SESSIONS_GONE_MS)).toEqual([]);
        // Its own proof has read it back; the next round lists it.
        const following = await setting.backUp(vault);
        wholeBefore.add(following.backupId).add(own[0] ?? following.backupId);
      });
      if ((round + 1) % ROUNDS_OF_A_VAULT > 0 && round + 1 < aims.length) continue;
      const proven = await setting.proven(vault);
      expect(new Set(proven)).toEqual(wholeBefore);
      for (const backupId of proven) expect(await setting.check(vault, backupId)).toMatchObject({ backupId });
    }
    // Kills came while it read, and before and after; otherwise the test has shown nothing of those.
    expect([...phases]).toEqual(expect.arrayContaining(["Dumping "]));
    expect(phases.size).toBeGreaterThan(2);
  }, 600_000);

  it(`continues its restore, which brings every row once: restores`, async () => {
    const store = await setting.newStore();
    const vault = vaultIn(store);
    const { backupId } = await setting.backUp(vault);
    const phases = new Set<string>();
    const orderOf = async () => {
      const at = await setting.server.newDatabase();
      return { at, order: setting.order("restore", at.url, store) };
    };
    const expectWhole = async (target: FreshDatabase, wasKilled = false) => {
      if (!wasKilled) expect(dumpOf(target.superuserUrl)).toBe(setting.content);
      await target.remove();
    };
    const undisturbed = await orderOf();
    const first = await runToEnd(undisturbed.order);
    expect(first).toMatchObject({ ...succeeded, backupId });
    await expectWhole(undisturbed.at);
    for (const [round, aim] of aimsBy(first, SPREAD.restore).entries()) {
      const { at: target, afterMs, phase } = await killOne(orderOf, aim, expectWhole);
      phases.add(phase);
      await inRound(round, afterMs, async () => {
        expect((await setting.restoreInto(target, vault)).backupId).toBe(backupId);
        expect(await sessionsLeft(setting.server.superuserUrl, SESSIONS_GONE_MS)).toEqual([]);
        await expectWhole(target);
      });
    }
    expect([...phases]).toEqual(expect.arrayContaining(["Restorin", "Making i"]));
    expect(phases.size).toBeGreaterThan(3);
  }, 600_000);
});
