import { join } from "node:path";

import { expect } from "@jest/globals";
import { execa } from "execa";
import { z } from "zod";

import type { DrillContext } from "../../../lab/drills/company/context.ts";
import type { EngineOptions } from "../../../lab/drills/stage/stacks.ts";
import { addressOf, PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";

/** How a command ended. */
export interface Ended {
  exitCode: number;
  output: string;
}

const options = ({ workspace, environment }: EngineOptions) =>
  ({ cwd: workspace, env: environment, stdin: "ignore", reject: false, all: true }) as const;

/** Runs `castchat-recovery` in the sandbox's workspace, to its end. */
export async function castchatRecovery(
  args: readonly string[],
  engine: EngineOptions,
  more: Record<string, string> = {},
): Promise<Ended> {
  const environment = { ...engine.environment, ...more };
  const main = join(PROJECT_ROOT, "cli", "main.ts");
  return ended(execa(process.execPath, [main, ...args], options({ ...engine, environment })));
}

/** Runs `pulumi` in the sandbox's workspace, to its end. */
export async function pulumi(args: readonly string[], engine: EngineOptions): Promise<Ended> {
  return ended(execa("pulumi", [...args, "--non-interactive"], options(engine)));
}

/** Runs `pulumi up` of stack dr, expects that it succeeds, and returns its output. */
export async function upDr(engine: EngineOptions, ...more: string[]): Promise<string> {
  const up = await pulumi(["up", "--stack", "dr", "--yes", "--skip-preview", ...more], engine);
  expect([up.exitCode, up.exitCode === 0 ? "" : up.output]).toEqual([0, ""]);
  return up.output;
}

/** The connection string of stack dr's database. */
export async function databaseUrlOfDr(engine: EngineOptions): Promise<string> {
  const output = ["stack", "output", "databaseUrl", "--show-secrets", "--stack", "dr"];
  return (await pulumi(output, engine)).output.trim();
}

/** All projects at the sandbox's Supabase. */
export async function supabaseProjects({ file }: DrillContext): Promise<{ name: string; status: string }[]> {
  const headers = { authorization: `Bearer ${file.credentials.supabaseToken}` };
  const answer = await fetch(`${addressOf(file.ports, "supabase")}/v1/projects`, { headers });
  return z.array(z.object({ name: z.string(), status: z.string() })).parse(await answer.json());
}

/** Expects a command that refuses: one message, no stack trace, and the exit code of wrong use. */
export function expectRefusal(refused: Ended, sentence: RegExp): void {
  const lines = refused.output.split("\n").filter((line) => line !== "" && !/^[-✖✔] /.test(line));
  expect({ code: refused.exitCode, said: lines.join("\n") }).toEqual({
    code: 2,
    said: expect.stringMatching(sentence),
  });
  expect(refused.output).not.toMatch(/^\s+at .*:\d+:\d+/m);
}

/**
 * Starts `pulumi up` of stack dr as a shell would, in a process group of its own, and interrupts it so long after its output matches
 * `point`.
 */
export async function interruptUp(
  engine: EngineOptions,
  point: RegExp,
  delayMs: number,
  how: "Ctrl-C" | "kill -9",
): Promise<Ended> {
  const args = ["up", "--stack", "dr", "--yes", "--skip-preview", "--non-interactive"];
  const child = execa("pulumi", args, { ...options(engine), detached: true });
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

/** Starts `castchat-recovery`, and kills it with all that it has started (kill -9) once its output matches, or once `point` is reached. */
export async function killedCastchatRecovery(
  args: readonly string[],
  engine: EngineOptions,
  point: RegExp | Promise<unknown>,
): Promise<void> {
  const main = join(PROJECT_ROOT, "cli", "main.ts");
  const child = execa(process.execPath, [main, ...args], { ...options(engine), detached: true });
  let seen = "";
  const state = { reached: false };
  const kill = () => {
    if (state.reached || child.pid === undefined) return;
    state.reached = true;
    process.kill(-child.pid, "SIGKILL");
  };
  if (point instanceof RegExp)
    child.all.on("data", (text: Buffer) => {
      seen += text.toString();
      if (point.test(seen)) kill();
    });
  else void point.then(kill);
  const result = await ended(child);
  if (!state.reached) throw new Error(`${args.join(" ")} never came to the point: ${result.output}`);
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
