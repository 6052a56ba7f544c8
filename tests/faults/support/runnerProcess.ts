import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { expect } from "@jest/globals";

import type { RunnerLine, RunnerOrder } from "./order.ts";

/** How a runner's process has ended. */
export interface RunnerEnd {
  /** The signal that ended it, e.g. "SIGKILL". */
  signal: NodeJS.Signals | null;
  code: number | null;
  /** The backup that it made or restored. */
  backupId: string | undefined;
  failure: { name: string; message: string } | undefined;
  /** All sentences that it reported. */
  said: string[];
  /** When it reported each of these, in milliseconds since the first. */
  saidAtMs: number[];
  /** What the process wrote to its standard error: an unhandled error's stack. */
  stderr: string;
  /** From its first sentence to its end, in milliseconds. */
  durationMs: number;
}

/** The end of a runner that has done its work. */
export const succeeded = { code: 0, stderr: "", failure: undefined };

/** The end of a runner that has given up with one message for the operator. */
export function failedWith(message: RegExp): object {
  return { code: 2, stderr: "", failure: { name: "UserError", message: expect.stringMatching(message) } };
}

/** A runner while it runs. */
export interface RunnerProcess {
  /** `kill -9` of the runner's process only: its pg_dump or pg_restore lives on, as after a real kill. */
  kill(): void;
  /** Settles when the runner has reported a sentence that begins so, or has ended. */
  says(beginning: string): Promise<void>;
  ended: Promise<RunnerEnd>;
}

const RUNNER = fileURLToPath(new URL("runner.ts", import.meta.url));

/** Starts a runner with an order, and with more variables in its environment. */
export function startRunner(order: RunnerOrder, environment: NodeJS.ProcessEnv = {}): RunnerProcess {
  const child = spawn(process.execPath, ["--no-warnings", RUNNER], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  // A runner that is killed before it has read its order breaks the pipe.
  child.stdin.on("error", () => undefined).end(JSON.stringify(order));
  const end: Omit<RunnerEnd, "signal" | "code" | "durationMs"> = {
    backupId: undefined,
    failure: undefined,
    said: [],
    saidAtMs: [],
    stderr: "",
  };
  let begunAt: number | undefined;
  const listeners = new Set<() => void>();
  createInterface(child.stdout).on("line", (text) => {
    begunAt ??= performance.now();
    const line = JSON.parse(text) as RunnerLine;
    if ("said" in line) {
      end.said.push(line.said);
      end.saidAtMs.push(performance.now() - begunAt);
    } else if ("result" in line) end.backupId = line.result.backupId;
    else end.failure = line.failure;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (end.stderr += text));
  const ended = once(child, "close").then(([code, signal]): RunnerEnd => {
    const durationMs = begunAt === undefined ? 0 : performance.now() - begunAt;
    return { ...end, code: code as number | null, signal: signal as NodeJS.Signals | null, durationMs };
  });
  return {
    kill: () => void child.kill("SIGKILL"),
    async says(beginning) {
      const heard = new Promise<void>((resolve) => {
        const listener = () => {
          if (!end.said.some((sentence) => sentence.startsWith(beginning))) return;
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
        listener();
      });
      await Promise.race([heard, ended]);
    },
    ended,
  };
}

/** Runs an order to its end. */
export async function runToEnd(order: RunnerOrder): Promise<RunnerEnd> {
  return await startRunner(order).ended;
}
