import { type ChildProcess, fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { UserError } from "../../services/common/errors.ts";
import type { DaemonMessage } from "./daemon.ts";
import { layout } from "./host/layout.ts";

const DAEMON = fileURLToPath(new URL("./daemon.ts", import.meta.url));

/** Starts the daemon of a sandbox in its own session, and returns when everything answers. Throws what the daemon reports. */
export async function startDaemon(home: string): Promise<void> {
  const { logs, state, workspace } = layout(home);
  for (const folder of [logs, state, workspace]) await mkdir(folder, { recursive: true, mode: 0o700 });
  const logFile = join(logs, "daemon.log");
  const log = openSync(logFile, "a", 0o600);
  const child = fork(DAEMON, [], {
    // Its own session, so that neither Ctrl-C nor the end of the terminal reaches it.
    detached: true,
    cwd: home,
    stdio: ["ignore", log, log, "ipc"],
    env: { ...process.env, CASTCHAT_SANDBOX_HOME: home },
    execArgv: [],
  });
  closeSync(log);
  const answer = await firstMessage(child, logFile);
  if (child.connected) child.disconnect();
  child.unref();
  if (answer.type === "ready") return;
  await ended(child);
  throw answer.userError
    ? new UserError(answer.message)
    : new Error(`the sandbox did not start: ${answer.message} (log: ${logFile})`);
}

async function firstMessage(child: ChildProcess, logFile: string): Promise<DaemonMessage> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as DaemonMessage));
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(
        new Error(
          `the sandbox's process ended with ${signal ?? `exit code ${code ?? "?"}`} while it started (log: ${logFile})`,
        ),
      ),
    );
  });
}

async function ended(child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) await sleep(20);
}
