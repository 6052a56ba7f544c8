import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

import { isEngineGone } from "./engineAlive.ts";

/** What an engine starts: a language host, a program in Node, a plugin. */
const HELPERS = /pulumi-language-|@pulumi\/pulumi\/cmd\/run|pulumi-resource-|pulumi-analyzer-/;

/**
 * Ends the processes whose engine was killed: language hosts, programs and plugins. Some wait for it for ever. Only those that were started
 * with the same backend, and whose engine's address refuses connections. It works on Linux only, and does nothing elsewhere.
 *
 * @returns the pids that it has ended
 */
export async function endOrphans(environment: NodeJS.ProcessEnv): Promise<number[]> {
  const backend = environment["PULUMI_BACKEND_URL"];
  if (!existsSync("/proc/self/stat") || backend === undefined) return [];
  const ended: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [command = [], variables = []] = await Promise.all(
      ["cmdline", "environ"].map(async (file) => (await readOrNothing(`/proc/${pid}/${file}`))?.split("\0")),
    );
    const engine = engineOf(command);
    if (engine === undefined || !variables.includes(`PULUMI_BACKEND_URL=${backend}`)) continue;
    if ((await isEngineGone(engine)) && end(Number(pid))) ended.push(Number(pid));
  }
  return ended;
}

/** The address of the engine that started a process: the value of `--engine`, or an argument. Undefined for a process of another kind. */
function engineOf(command: readonly string[]): string | undefined {
  if (!command.some((word) => HELPERS.test(word))) return undefined;
  const named = command.indexOf("--engine");
  const candidates = named === -1 ? command.slice(1) : [command[named + 1] ?? ""];
  return candidates.find((word) => /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(word));
}

/** Undefined if the process has ended, or belongs to another user. */
async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** False if the process has ended by itself. */
function end(pid: number): boolean {
  try {
    return process.kill(pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    return false;
  }
}
