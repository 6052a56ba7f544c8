import { spawn } from "node:child_process";
import { once } from "node:events";

import type { Reporter } from "../../../services/common/reporter.ts";

/** When a child is killed with -9. */
export interface KillAt {
  /** Begin of the sentence that it says as it comes to the point; "" for its first one. */
  phase: string;
  afterMs: number;
}

/**
 * What a child reports to: it says each sentence on standard output, and kills itself at the point. Not its parent does so: on a
 * machine with much to do that hears of the point when the child may be over it.
 */
export function sayUntilKilled(killAt: KillAt | undefined): Reporter {
  let isAimed = false;
  return (message) => {
    process.stdout.write(`${message}\n`);
    if (isAimed || killAt === undefined || !message.startsWith(killAt.phase)) return;
    isAimed = true;
    const kill = () => void process.kill(process.pid, "SIGKILL");
    if (killAt.afterMs === 0) kill();
    else setTimeout(kill, killAt.afterMs);
  };
}

/** Runs a child with an order until it kills itself, or is over before that. */
export async function runUntilKilled(child: string, order: object, killAt: KillAt): Promise<"killed" | "over"> {
  const running = spawn(process.execPath, ["--no-warnings", child, JSON.stringify({ ...order, killAt })], {
    stdio: ["ignore", "ignore", "inherit"],
    env: process.env,
  });
  const [code, signal] = (await once(running, "exit")) as [number | null, NodeJS.Signals | null];
  if (signal === "SIGKILL") return "killed";
  if (code === 0) return "over";
  throw new Error(`the child that was to be killed ended with ${signal ?? `exit code ${code ?? "?"}`}`);
}

/** The same; an error where it was over before. */
export async function killedAt(child: string, order: object, killAt: KillAt): Promise<void> {
  if ((await runUntilKilled(child, order, killAt)) === "killed") return;
  throw new Error(`the child was over within ${killAt.afterMs} ms of "${killAt.phase}"`);
}
