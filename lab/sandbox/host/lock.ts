import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../../services/common/errors.ts";
import { isSameProcess, startTicks } from "../../../services/common/processes.ts";

const WAIT_MS = 30_000;
const POLL_MS = 50;

/**
 * Runs work under the sandbox's lock, so that no other command starts, stops or resets the same sandbox. Waits up to 30 s for another
 * command, and then throws a UserError. The lock of a killed process is ignored.
 */
export async function withSandboxLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const file = join(home, "lock");
  const mine = `${process.pid} ${startTicks(process.pid) ?? ""}`;
  const candidate = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  writeFileSync(candidate, mine, { mode: 0o600 });
  const deadline = Date.now() + WAIT_MS;
  try {
    // A hard link appears atomically, with its content.
    while (!tryLink(candidate, file)) {
      const holder = readHolder(file);
      if (holder !== undefined && !isSameProcess(holder.pid, holder.ticks)) {
        rmSync(file, { force: true });
        continue;
      }
      if (Date.now() > deadline) {
        throw new UserError(
          `Another command (process ${holder?.pid ?? "?"}) is starting or stopping this sandbox. Wait for it to finish, and then run this command again.`,
        );
      }
      await sleep(POLL_MS);
    }
  } finally {
    rmSync(candidate, { force: true });
  }
  try {
    return await work();
  } finally {
    if (existsSync(file) && readFileSync(file, "utf8") === mine) rmSync(file);
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(file: string): { pid: number; ticks: string } | undefined {
  try {
    const [pid, ticks] = readFileSync(file, "utf8").split(" ");
    return { pid: Number(pid), ticks: ticks ?? "" };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
