import { generateKeyPairSync } from "node:crypto";
import { loadavg, cpus } from "node:os";
import { parseArgs } from "node:util";
import type { DataSet } from "./data.ts";

/** What to measure: `--megabytes 100,1000 --rounds 5`. */
export function readOptions(): { dataSets: DataSet[]; rounds: number } {
  const { values } = parseArgs({
    options: { megabytes: { type: "string", default: "100" }, rounds: { type: "string", default: "5" } },
  });
  const dataSets = values.megabytes.split(",").flatMap((megabytes) => [
    { name: `one table, ${megabytes} MB`, tables: 1, megabytes: Number(megabytes) },
    { name: `40 tables, ${megabytes} MB`, tables: 40, megabytes: Number(megabytes) },
  ]);
  return { dataSets, rounds: Number(values.rounds) };
}

/** A key for one run's signatures. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** What the machine is like: figures of a busy one say little. */
export function describeMachine(): { cpus: number; model: string; load: number } {
  return { cpus: cpus().length, model: cpus()[0]?.model ?? "unknown", load: loadavg()[0] ?? 0 };
}

/** Writes a line of the result. */
export function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Two digits after the point. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
