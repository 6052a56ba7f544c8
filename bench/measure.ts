import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Phase } from "../operations/phases.ts";
import type { WorkOrder } from "./work.ts";

/** One run of one side. */
export interface Measured {
  seconds: number;
  /** Highest sum of the resident memory of the process and all of its children. */
  peakMegabytes: number;
  sizeBytes: number | undefined;
  phases: Phase[];
}

const WORK = fileURLToPath(new URL("work.ts", import.meta.url));
const LOOK_EVERY_MS = 50;
const PAGE_MEGABYTES = 4096 / 1e6;

/** Does the work in a process of its own and watches its memory (Linux). */
export async function measure(order: WorkOrder): Promise<Measured> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ["--no-warnings", WORK, JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  let peakMegabytes = 0;
  let looking = false;
  const look = async () => {
    if (looking || child.pid === undefined) return;
    looking = true;
    peakMegabytes = Math.max(peakMegabytes, await memoryOfTree(child.pid));
    looking = false;
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`${order.kind} failed`);
  const seconds = (performance.now() - startedAt) / 1000;
  const answer = JSON.parse(output) as { sizeBytes?: number; phases: Phase[] };
  return { seconds, peakMegabytes, sizeBytes: answer.sizeBytes, phases: answer.phases };
}

async function memoryOfTree(root: number): Promise<number> {
  const processes = new Map<number, { parent: number; pages: number }>();
  for (const name of (await readdir("/proc")).filter((one) => /^\d+$/.test(one))) {
    // A process that has ended meanwhile has no memory.
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => undefined);
    const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields !== undefined) processes.set(Number(name), { parent: Number(fields[1]), pages: Number(fields[21]) });
  }
  let pages = 0;
  for (const [pid, { pages: own }] of processes) {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) {
      if (at !== root) continue;
      pages += own;
      break;
    }
  }
  return pages * PAGE_MEGABYTES;
}

/** The middle one. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}
