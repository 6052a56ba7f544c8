import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { layout } from "../../../lab/sandbox/host/layout.ts";
import { castchatRecovery, interruptUp, upDr } from "../support/commands.ts";
import { endState } from "../support/endState.ts";
import type { PreparedCompany } from "../support/preparedCompany.ts";

/** The points at which the up is interrupted: a line of its output, a delay after it (ms), and the resource that must be unfinished then. */
const POINTS: [string, RegExp, number, string][] = [
  [
    "while the project is created",
    /recovery:index:SupabaseProject \S+ creating/,
    300,
    "recovery:index:SupabaseProject",
  ],
  ["during the restore", /recovery:index:DatabaseRestore \S+ creating/, 600, "recovery:index:DatabaseRestore"],
  ["before the switch", /recovery:index:AppDeployment \S+ created/, 0, "recovery:index:TrafficSwitch"],
];

/** `make soak` presses Ctrl-C at each point, the suite only at the middle one: kill -9, which it sends at all of them, is harder. */
const CTRL_C_POINTS = process.env["CASTCHAT_SOAK"] === undefined ? POINTS.slice(1, 2) : POINTS;

const written = z.object({
  checkpoint: z.object({ latest: z.object({ resources: z.array(z.object({ type: z.string() })) }) }),
});

/** Types of the resources in the engine's checkpoint. A killed engine may leave its last checkpoint unreadable. */
async function finishedTypes({ context }: PreparedCompany): Promise<string[]> {
  const file = join(layout(context.home).state, ".pulumi", "stacks", "castchat-recovery", "dr.json");
  const whole = (await readFile(file, "utf8")).trimEnd().endsWith("}");
  const text = whole ? await readFile(file, "utf8") : await readFile(`${file}.bak`, "utf8");
  return written.parse(JSON.parse(text)).checkpoint.latest.resources.map((one) => one.type);
}

const ATTEMPTS = 3;

/** Interrupts an `up` while `unfinished` is unfinished. On a machine under load the output may come too late; then it tries again. */
async function interruptBefore(
  company: PreparedCompany,
  unfinished: string,
  ...[point, delayMs, how]: [RegExp, number, "Ctrl-C" | "kill -9"]
): Promise<Awaited<ReturnType<typeof interruptUp>>> {
  for (let attempt = 1; ; attempt += 1) {
    const interrupted = await interruptUp(company.context.engine, point, delayMs, how);
    const finished = await finishedTypes(company);
    if (finished.includes(unfinished) && attempt < ATTEMPTS) {
      await company.rewind("lost");
      continue;
    }
    expect(finished).not.toContain(unfinished);
    return interrupted;
  }
}

/**
 * Interrupted recoveries, each from the state right after the loss. They end in the same state as the undisturbed one, which is made first
 * if it is not known.
 */
export function interruption(lost: () => PreparedCompany, undisturbed: string[]): void {
  beforeAll(async () => {
    if (undisturbed.length > 0) return;
    await lost().rewind("lost");
    await upDr(lost().context.engine);
    undisturbed.push(...(await endState(lost())));
  }, 300_000);
  beforeEach(() => lost().rewind("lost"), 60_000);

  describe("an up of dr that is interrupted by Ctrl-C", () => {
    it.each(CTRL_C_POINTS)(
      "%s continues with a plain up to the undisturbed state",
      async (_name, point, delayMs, unfinished) => {
        const { engine } = lost().context;
        const interrupted = await interruptBefore(lost(), unfinished, point, delayMs, "Ctrl-C");
        expect(interrupted.exitCode).not.toBe(0);
        await upDr(engine);
        expect(await endState(lost())).toEqual(undisturbed);
      },
      240_000,
    );
  });

  describe("an up of dr that is killed with kill -9", () => {
    it.each(POINTS)(
      "%s continues with resume to the undisturbed state",
      async (_name, point, delayMs, unfinished) => {
        const { engine } = lost().context;
        await interruptBefore(lost(), unfinished, point, delayMs, "kill -9");
        const again = await castchatRecovery(["resume", "--stack", "dr"], engine);
        expect([again.exitCode, again.exitCode === 0 ? "" : again.output]).toEqual([0, ""]);
        expect(await endState(lost())).toEqual(undisturbed);
      },
      240_000,
    );
  });
}
