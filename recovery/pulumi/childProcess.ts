import { fork } from "node:child_process";

import { messageOf, UserError } from "../../services/common/errors.ts";

/** How a script is run in a process of its own. */
export interface ChildOptions {
  /** Variables beside this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** What the process does, for messages: "The preview of stack prod". */
  readonly what: string;
}

/** The process ended without its report. */
export class ChildFailure extends UserError {}

/**
 * Runs a script in a process of its own, which ends after all that it has started. It gets its order as a message and sends its report as
 * one.
 *
 * @throws ChildFailure with the last line that it printed, or the signal's reason
 */
export async function inChild<Report>(script: string, order: object, options: ChildOptions): Promise<Report> {
  const { environment, signal, what } = options;
  signal?.throwIfAborted();
  const child = fork(script, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // A process group of its own: a terminal's Ctrl-C reaches only us, and the child ends the engine in order.
    detached: true,
  });
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  return await new Promise((resolve, reject) => {
    const stop = () => void child.kill("SIGTERM");
    signal?.addEventListener("abort", stop, { once: true });
    child.once("message", (report) => {
      if (signal?.aborted !== true) resolve(report as Report);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      signal?.removeEventListener("abort", stop);
      // Not before it has ended: it would still write into the folder that is removed next.
      if (signal?.aborted === true) reject(signal.reason as Error);
      const last = messageOf(said.trim().split("\n").at(-1) ?? "");
      reject(new ChildFailure(`${what} ended without a report (exit code ${code ?? "none"}): ${last}`));
    });
    child.send(order);
  });
}
