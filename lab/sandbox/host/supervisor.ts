import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { isAlive, isSameProcess, startTicks } from "../../../services/common/processes.ts";
import { writeWhole } from "./writeWhole.ts";

/** A process that the daemon has started. */
export interface SupervisedProcess {
  name: string;
  pid: number;
  /** Start time (see `startTicks`), which proves that the pid is still this process. */
  ticks: string;
  /** Signal for an orderly end. */
  stopSignal: NodeJS.Signals;
  /** Whether it leads a process group that ends with it. */
  group: boolean;
}

/** Time for an orderly end before the process is killed. */
const GRACE_MS = 5000;
const POLL_MS = 15;

/** Records the daemon's processes, in memory and in a file, so that they can be ended even after the daemon itself was killed. */
export class Supervisor {
  readonly #file: string;
  readonly #processes = new Map<string, SupervisedProcess>();

  /** `file` stores the list. An earlier daemon's processes in it must have been ended before (`endLeftovers`). */
  constructor(file: string) {
    this.#file = file;
    this.#write();
  }

  /** Records a process. Call it right after the spawn, before any await. */
  add(name: string, pid: number, options: { stopSignal: NodeJS.Signals; group?: boolean }): void {
    const ticks = startTicks(pid);
    if (ticks === undefined) return;
    this.#processes.set(name, { name, pid, ticks, stopSignal: options.stopSignal, group: options.group ?? false });
    this.#write();
  }

  /** Process id of a running process. */
  pidOf(name: string): number | undefined {
    const found = this.#processes.get(name);
    return found !== undefined && isSameProcess(found.pid, found.ticks) ? found.pid : undefined;
  }

  /** Ends a process in order and waits for it; kills it if it takes too long. An unknown name is ignored. */
  async stop(name: string): Promise<void> {
    const found = this.#processes.get(name);
    if (found === undefined) return;
    await endProcess(found);
    if (this.#processes.get(name) === found) this.#processes.delete(name);
    this.#write();
  }

  /** Ends everything. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((name) => this.stop(name)));
  }

  #write(): void {
    writeWhole(this.#file, JSON.stringify([...this.#processes.values()], null, 2));
  }
}

/** Ends the processes of a killed daemon, in order if possible. Returns the names of those that it ended. */
export async function endLeftovers(file: string): Promise<string[]> {
  if (!existsSync(file)) return [];
  const noted = JSON.parse(readFileSync(file, "utf8")) as SupervisedProcess[];
  const left = noted.filter(({ pid, ticks }) => isSameProcess(pid, ticks));
  await Promise.all(left.map((one) => endProcess(one)));
  return left.map(({ name }) => name);
}

/** Ends a process by its pid, only while that pid is still the same process. */
export async function endProcess(target: SupervisedProcess): Promise<void> {
  const deadline = Date.now() + GRACE_MS;
  signal(target, target.stopSignal);
  while (isSameProcess(target.pid, target.ticks)) {
    if (Date.now() > deadline) signal(target, "SIGKILL");
    await sleep(POLL_MS);
  }
  // Helpers can outlive their leader; the group's number can't be reused while one of them lives.
  if (target.group) signalGroup(target.pid, "SIGKILL");
}

function signal(target: SupervisedProcess, name: NodeJS.Signals): void {
  if (!isSameProcess(target.pid, target.ticks)) return;
  ignoreGone(() => process.kill(target.pid, name));
}

function signalGroup(group: number, name: NodeJS.Signals): void {
  if (isAlive(group)) return; // Another process has this pid by now.
  ignoreGone(() => process.kill(-group, name));
}

function ignoreGone(send: () => boolean): void {
  try {
    send();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
