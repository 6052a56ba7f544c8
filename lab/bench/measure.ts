import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";

import { build } from "esbuild";

import type { Phase } from "../../services/common/phases.ts";
import { NODE_FLAGS } from "../../settings/runnerImage.ts";
import { PROJECT_ROOT } from "../sandbox/host/layout.ts";
import type { WorkOrder } from "./work.ts";

/** One run of one side. */
export interface Measured {
  seconds: number;
  /** CPU time of the whole machine, including Postgres and S3. */
  cpuSeconds: number;
  /** Highest sum of resident memory of the process and its children. Shared pages count once. */
  peakMegabytes: number;
  sizeBytes: number;
  phases: Phase[];
}

/** Bundles work.ts and its imports into one file, as the scheduled runner is bundled. Both sides run from it. */
export async function bundleWork(folder: string): Promise<string> {
  const outfile = join(folder, "work.mjs");
  await build({
    entryPoints: [join(PROJECT_ROOT, "lab", "bench", "work.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    // CommonJS packages load Node's own modules with `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    external: ["pg-native"],
    logLevel: "error",
  });
  // The restore reads its SQL from files beside the program.
  const sql = join(PROJECT_ROOT, "recovery", "restore", "sql");
  for (const name of (await readdir(sql)).filter((one) => one.endsWith(".sql")))
    await copyFile(join(sql, name), join(folder, name));
  return outfile;
}

const LOOK_EVERY_MS = 50;
const PAGE_MEGABYTES = 4096 / 1e6;

/** Runs the work in its own process (`program` comes from {@link bundleWork}) and watches its memory (Linux). */
export async function measure(program: string, order: WorkOrder): Promise<Measured> {
  const [startedAt, busyBefore] = [performance.now(), busySeconds()];
  const child = spawn(process.execPath, ["--no-warnings", NODE_FLAGS, program], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  // Not an argument, which any user of the machine can read.
  child.stdin.end(JSON.stringify(order));
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  let peakMegabytes = 0;
  let looking = false;
  const look = async () => {
    if (looking || child.pid === undefined) return;
    looking = true;
    // The exact figure takes the kernel some milliseconds, so it is only read when there may be a new peak.
    if ((await memoryOfTree(child.pid, residentMegabytes)) > peakMegabytes)
      peakMegabytes = Math.max(peakMegabytes, await memoryOfTree(child.pid, shareMegabytes));
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

/** Duration of a phase in seconds; 0 if there is no such phase. */
export function secondsOf(run: Measured, phase: string): number {
  return (run.phases.find(({ name }) => name === phase)?.durationMs ?? 0) / 1000;
}

function busySeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

async function memoryOfTree(pid: number, megabytesOf: (pid: number) => Promise<number>): Promise<number> {
  const [own, children] = await Promise.all([megabytesOf(pid), readOf(pid, `task/${pid}/children`)]);
  const pids = children.trim().split(" ").filter(Boolean).map(Number);
  const below = await Promise.all(pids.map((one) => memoryOfTree(one, megabytesOf)));
  return below.reduce((sum, one) => sum + one, own);
}

/** All pages that a process maps. A child that has forked but not yet started its own program maps its parent's pages. */
async function residentMegabytes(pid: number): Promise<number> {
  return Number((await readOf(pid, "statm")).split(" ")[1] ?? 0) * PAGE_MEGABYTES;
}

/** A process's pages, each divided by the number of processes that share it. */
async function shareMegabytes(pid: number): Promise<number> {
  return (Number(/^Pss:\s+(\d+) kB$/m.exec(await readOf(pid, "smaps_rollup"))?.[1] ?? 0) * 1024) / 1e6;
}

/** Empty if the process has ended. */
async function readOf(pid: number, name: string): Promise<string> {
  return await readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "");
}

/** The median; for an even number, the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;
}
