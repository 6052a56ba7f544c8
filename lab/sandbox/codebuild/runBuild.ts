import { spawn } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

import { messageOf } from "../../../services/common/errors.ts";
import { BuildLog } from "./buildLog.ts";
import { endTree } from "./endTree.ts";
import { environmentOf } from "./environment.ts";
import { type BuildOrder, COMMAND_PHASES, parseBuildspec } from "./order.ts";
import { downloadSource } from "./source.ts";

/** The result of a phase, as BatchGetBuilds shows it. */
export interface PhaseReport {
  phase: string;
  status: "SUCCEEDED" | "FAILED";
  message?: string;
}

/**
 * Runs a build as CodeBuild does, but as a process of this machine: source from S3, secrets, then the buildspec's commands in a folder of
 * their own. Everything has only the rights of the build's role. The log goes to CloudWatch Logs, and nothing stays on disk.
 *
 * @param folder under which the build creates its own
 * @returns whether the build succeeded; an abort ends the running command with all of its processes
 */
export async function runBuild(
  order: BuildOrder,
  folder: string,
  report: (phase: PhaseReport) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const own = join(folder, order.logs.streamName);
  const source = join(own, "src");
  const log = new BuildLog(order);
  const phase = async (name: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      signal.throwIfAborted();
      await work();
      report({ phase: name, status: "SUCCEEDED" });
      return true;
    } catch (error) {
      log.write(`[Container] Phase ${name} failed: ${messageOf(error)}`);
      report({ phase: name, status: "FAILED", message: messageOf(error) });
      return false;
    }
  };
  try {
    await mkdir(source, { recursive: true, mode: 0o700 });
    let variables: Record<string, string> = {};
    const begun =
      (await phase("PROVISIONING", () => log.open())) &&
      (await phase("DOWNLOAD_SOURCE", async () => {
        await downloadSource(order, source);
        const environment = await environmentOf(order, own);
        log.hide(environment.secrets);
        variables = environment.variables;
      }));
    const done = begun && (await runPhases(order, phase, (command) => run(command, source, variables, log, signal)));
    return (await phase("FINALIZING", () => log.close())) && done;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** Runs the buildspec's phases. A failed phase ends the build, but after `build` comes `post_build` in any case. */
async function runPhases(
  order: BuildOrder,
  phase: (name: string, work: () => Promise<void>) => Promise<boolean>,
  runCommand: (command: string) => Promise<void>,
): Promise<boolean> {
  const { phases } = parseBuildspec(order.project.source.buildspec);
  let succeeded = true;
  for (const name of COMMAND_PHASES) {
    if (!succeeded && name !== "post_build") return false;
    const commands = phases[name]?.commands ?? [];
    const ended = await phase(name.toUpperCase(), async () => {
      for (const command of commands) await runCommand(command);
    });
    succeeded &&= ended;
  }
  return succeeded;
}

/** Runs one command in the shell. */
async function run(
  command: string,
  cwd: string,
  env: Record<string, string>,
  log: BuildLog,
  signal: AbortSignal,
): Promise<void> {
  log.write(`[Container] Running command ${command}`);
  const child = spawn("/bin/sh", ["-c", command], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => log.write(text));
  }
  const stop = () => child.pid !== undefined && endTree(child.pid);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`Error while executing command: ${command}. Reason: exit status ${code ?? "?"}`);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
