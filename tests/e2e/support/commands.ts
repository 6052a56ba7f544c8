import { join } from "node:path";

import { execa } from "execa";

import type { EngineOptions } from "../../../lab/drills/stage/stacks.ts";
import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";

/** How a command ended. */
export interface Ended {
  exitCode: number;
  output: string;
}

/** Runs `castchat-recovery` in the sandbox's workspace, to its end. */
export async function castchatRecovery(
  args: readonly string[],
  engine: EngineOptions,
  environment: Record<string, string> = {},
): Promise<Ended> {
  return ended(
    execa(process.execPath, [join(PROJECT_ROOT, "cli", "main.ts"), ...args], {
      cwd: engine.workspace,
      env: { ...engine.environment, ...environment },
      stdin: "ignore",
      reject: false,
      all: true,
    }),
  );
}

/** Runs `pulumi` in the sandbox's workspace, to its end. */
export async function pulumi(
  args: readonly string[],
  engine: EngineOptions,
  environment: Record<string, string> = {},
): Promise<Ended> {
  return ended(
    execa("pulumi", [...args, "--non-interactive"], {
      cwd: engine.workspace,
      env: { ...engine.environment, ...environment },
      stdin: "ignore",
      reject: false,
      all: true,
    }),
  );
}

/**
 * Starts `pulumi up` of stack dr as a shell would, in a process group of its own, and interrupts it once its output says that it
 * has come to a point.
 */
export async function interruptUp(
  engine: EngineOptions,
  point: RegExp,
  delayMs: number,
  how: "Ctrl-C" | "kill -9",
): Promise<Ended> {
  const child = execa("pulumi", ["up", "--stack", "dr", "--yes", "--skip-preview", "--non-interactive"], {
    cwd: engine.workspace,
    env: engine.environment,
    stdin: "ignore",
    reject: false,
    all: true,
    detached: true,
  });
  let seen = "";
  const state = { reached: false };
  child.all.on("data", (text: Buffer) => {
    seen += text.toString();
    if (state.reached || !point.test(seen)) return;
    state.reached = true;
    setTimeout(() => interrupt(child.pid, how), delayMs);
  });
  const result = await ended(child);
  if (!state.reached) throw new Error(`the up never came to ${point.source}: ${result.output}`);
  return result;
}

/** A terminal's Ctrl-C reaches the whole group; kill -9 only reaches the engine. */
function interrupt(pid: number | undefined, how: "Ctrl-C" | "kill -9"): void {
  if (pid === undefined) throw new Error("the engine has no process");
  if (how === "Ctrl-C") process.kill(-pid, "SIGINT");
  else process.kill(pid, "SIGKILL");
}

async function ended(child: PromiseLike<{ exitCode?: number | undefined; all?: unknown }>): Promise<Ended> {
  const result = await child;
  return { exitCode: result.exitCode ?? -1, output: String(result.all) };
}
