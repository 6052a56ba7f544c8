import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Phase } from "../../services/common/phases.ts";
import type { Shape } from "./dataSet.ts";
import { fitLine, largestWithin } from "./fit.ts";
import { type Measured, medianOf } from "./measure.ts";
import { linePlot } from "./plot.ts";

/** Medians over some runs of one side. */
export interface Figures {
  seconds: number;
  /** Seconds of each round, in order. */
  rounds: number[];
  /** CPU time of the whole machine. */
  cpuSeconds: number;
  /** The maximum of all rounds. */
  peakMegabytes: number;
  storedMegabytes: number;
}

/** The measurement of one operation over one data set. */
export interface Result {
  operation: "backup" | "restore";
  data: string;
  shape: Shape;
  megabytes: number;
  rounds: number;
  ours: Figures;
  /** The part of our run that `ours.seconds` excludes. */
  beside: Figures & { name: string };
  peers: (Figures & { name: string })[];
  /** The phases of our last run. */
  phases: Phase[];
  /** Load average at the start. */
  load: number;
}

/** The objective for a database's recovery: docs/objectives.md. */
const OBJECTIVE_SECONDS = 30 * 60;

/** The figures of some runs; `secondsIn` selects the seconds of a run that count. */
export function figuresOf(runs: readonly Measured[], secondsIn: (run: Measured) => number): Figures {
  const seconds = runs.map(secondsIn);
  return {
    seconds: rounded(medianOf(seconds)),
    rounds: seconds.map(rounded),
    cpuSeconds: rounded(medianOf(runs.map((run) => run.cpuSeconds))),
    peakMegabytes: Math.round(Math.max(0, ...runs.map((run) => run.peakMegabytes))),
    storedMegabytes: rounded((runs.at(-1)?.sizeBytes ?? 0) / 1e6),
  };
}

/** How many times faster our median is. */
function ratioOf(result: Result, peer: Figures): number {
  return rounded(peer.seconds / result.ours.seconds);
}

/** A result as text. */
export function sentenceOf(result: Result): string {
  const { operation, data, ours, beside, peers, load } = result;
  const stored = ({ storedMegabytes }: Figures) => (storedMegabytes > 0 ? `, ${storedMegabytes} MB stored` : "");
  const against = peers.map(
    (peer) =>
      `  ${ratioOf(result, peer).toFixed(2)} × against ${peer.seconds.toFixed(2)} s of ${peer.name}${stored(peer)}, ${peer.peakMegabytes} MB of memory`,
  );
  return [
    `${operation} of ${data}: ${ours.seconds.toFixed(2)} s (and ${beside.seconds.toFixed(2)} s ${beside.name})${stored(ours)}, ${ours.peakMegabytes} MB of memory, load ${load}`,
    ...against,
  ].join("\n");
}

/** The largest database, in gigabytes of COPY text, whose whole operation (checks included) fits into 30 minutes. */
export function largestDatabases(results: readonly Result[]) {
  return groups(results).flatMap(({ operation, shape, own }) => {
    const line = fitLine(
      own.map(({ megabytes, ours, beside }) => ({ megabytes, seconds: ours.seconds + beside.seconds })),
    );
    if (line === undefined) return [];
    return [
      {
        operation,
        shape,
        fromMegabytes: own.map(({ megabytes }) => megabytes),
        fixedSeconds: rounded(line.fixedSeconds),
        megabytesPerSecond: rounded(1 / line.secondsPerMegabyte),
        largestGigabytes: rounded(largestWithin(line, OBJECTIVE_SECONDS) / 1000),
      },
    ];
  });
}

/** Writes `bench.json`, and plots of seconds and memory by size for each operation and shape with several sizes. */
export async function writeResults(folder: string, machine: object, results: readonly Result[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files = new Map([
    ["bench.json", JSON.stringify({ ...machine, results, largest: largestDatabases(results) }, undefined, 2) + "\n"],
  ]);
  for (const { operation, shape, own } of groups(results)) {
    if (own.length < 2) continue;
    const lines = (figure: "seconds" | "peakMegabytes") => [
      { name: "ours", points: own.map(({ megabytes, ours }) => ({ x: megabytes, y: ours[figure] })) },
      ...(own[0]?.peers ?? []).map((peer, index) => ({
        name: (peer.name.split(/[(,]/)[0] ?? "").trim(),
        points: own.map(({ megabytes, peers }) => ({ x: megabytes, y: peers[index]?.[figure] ?? 0 })),
      })),
    ];
    const title = `${operation}, ${shape}`;
    files.set(`bench-${operation}-${shape}-seconds.svg`, linePlot(title, "megabytes", "seconds", lines("seconds")));
    files.set(
      `bench-${operation}-${shape}-memory.svg`,
      linePlot(`${title}: memory of the process tree`, "megabytes", "megabytes", lines("peakMegabytes")),
    );
  }
  for (const [name, content] of files) await writeFile(join(folder, name), content);
  return [...files.keys()].map((name) => join(folder, name));
}

function groups(results: readonly Result[]) {
  const found = new Map<string, Result[]>();
  for (const result of results) {
    const key = `${result.operation} ${result.shape}`;
    found.set(key, [...(found.get(key) ?? []), result]);
  }
  return [...found.values()].flatMap((own) => {
    const [first] = own;
    return first === undefined ? [] : [{ operation: first.operation, shape: first.shape, own }];
  });
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
