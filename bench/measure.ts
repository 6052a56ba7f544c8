import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { NODE_FLAGS } from "../planning/runnerImage.ts";
import type { Phase } from "../operations/phases.ts";
import type { WorkOrder } from "./work.ts";

/** One run of one side. */
export interface Measured {
  seconds: number;
  /** Of all processors and all programs of the machine, Postgres and S3 included. */
  cpuSeconds: number;
  /** Highest sum of the resident memory of the process and all of its children. */
  peakMegabytes: number;
  sizeBytes: number;
  phases: Phase[];
}

const LOOK_EVERY_MS = 50;
const PAGE_MEGABYTES = 4096 / 1e6;

/** Does the work in a process of its own (`program` is what bundle.ts makes of work.ts) and watches its memory (Linux). */
export async function measure(program: string, order: WorkOrder): Promise<Measured> {
  const [startedAt, busyBefore] = [performance.now(), busySeconds()];
  const child = spawn(process.execPath, ["--no-warnings", NODE_FLAGS, program, JSON.stringify(order)], {
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
  return {
    seconds,
    cpuSeconds: busySeconds() - busyBefore,
    peakMegabytes,
    sizeBytes: answer.sizeBytes ?? 0,
    phases: answer.phases,
  };
}

/** How long a phase took, in seconds; 0 where there was none of that name. */
export function secondsOf(run: Measured, phase: string): number {
  return (run.phases.find(({ name }) => name === phase)?.durationMs ?? 0) / 1000;
}

function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

async function memoryOfTree(pid: number): Promise<number> {
  // A process that has ended meanwhile has no memory.
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
  const [pages, children] = await Promise.all([read("statm"), read(`task/${pid}/children`)]);
  const own = Number(pages.split(" ")[1] ?? 0) * PAGE_MEGABYTES;
  const below = await Promise.all(children.trim().split(" ").filter(Boolean).map(Number).map(memoryOfTree));
  return below.reduce((sum, one) => sum + one, own);
}

/** The middle one; of an even number, between the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}
