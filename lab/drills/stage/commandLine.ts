import { join } from "node:path";

import { execa } from "execa";

import { messageOf, PromiseError } from "../../../services/common/errors.ts";
import type { EngineOptions } from "./stacks.ts";

const MAIN = join(import.meta.dirname, "..", "..", "..", "cli", "main.ts");

/**
 * Runs `castchat-recovery` as an engineer would, in the workspace, and returns its JSON.
 *
 * @throws PromiseError with the command's own message, when its exit code isn't 0
 */
export async function castchatRecovery(args: readonly string[], options: EngineOptions): Promise<unknown> {
  return (await runCastchatRecovery(args, options, [0])).answer;
}

/** The same for a command that also returns a result with other exit codes. */
export async function runCastchatRecovery(
  args: readonly string[],
  options: EngineOptions,
  expected: readonly number[],
): Promise<{ exitCode: number; answer: unknown }> {
  const result = await execa(process.execPath, [MAIN, ...args, "--json"], {
    cwd: options.workspace,
    env: options.environment,
    stdin: "ignore",
    reject: false,
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  });
  options.signal?.throwIfAborted();
  options.onOutput?.(result.stderr);
  const { exitCode = -1 } = result;
  if (!expected.includes(exitCode)) {
    const said = result.stderr.trim().split("\n").slice(-3).join(" ");
    throw new PromiseError(
      messageOf(new Error(`castchat-recovery ${args.join(" ")} exited with ${exitCode}: ${said}`)),
    );
  }
  return { exitCode, answer: JSON.parse(result.stdout) as unknown };
}
