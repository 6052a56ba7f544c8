import { execFileSync, spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";

import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { type DataSet, SHAPES } from "./dataSet.ts";

/** The peers that a backup is compared with, by their names in `--peers`. */
const PEER_WORDS = { fd: "pg_dump -Fd", fc: "pg_dump -Fc", zstd: "pg_dump -Fd -Z zstd" } as const;
type PeerWord = keyof typeof PEER_WORDS;
export type Peer = (typeof PEER_WORDS)[PeerWord];
const WORDS = Object.keys(PEER_WORDS) as [PeerWord, ...PeerWord[]];

/** The measurements to take. */
export interface BenchOptions {
  dataSets: DataSet[];
  rounds: number;
  operations: ("backup" | "restore")[];
  peers: Peer[];
  /** Folder of the results. */
  out: string;
}

const list = z.string().transform((text) => text.split(","));
const schema = z.object({
  megabytes: list.pipe(z.array(z.coerce.number<string>().int().positive())),
  shapes: list.pipe(z.array(z.enum(SHAPES))),
  only: list.pipe(z.array(z.enum(["backup", "restore"]))),
  peers: list.pipe(z.array(z.enum(WORDS))),
  rounds: z.coerce.number().int().positive(),
  out: z.string().min(1),
});

/** Reads the command line: `--megabytes 100,1000 --shapes one,many,wide --only backup,restore --peers fd,fc,zstd --rounds 5 --out reports`. */
export function readOptions(args: readonly string[]): BenchOptions {
  const parsed = schema.safeParse(valuesOf(args));
  if (!parsed.success) {
    throw new UserError(
      parsed.error.issues.map(({ path, message }) => `--${String(path[0])}: ${message}.`).join("\n"),
      { cause: parsed.error },
    );
  }
  const { megabytes, shapes, only, peers, rounds, out } = parsed.data;
  return {
    dataSets: megabytes.flatMap((size) => shapes.map((shape) => ({ shape, megabytes: size }))),
    rounds,
    operations: only,
    peers: WORDS.filter((word) => peers.includes(word)).map((word) => PEER_WORDS[word]),
    out,
  };
}

function valuesOf(args: readonly string[]) {
  const option = (value: string) => ({ type: "string", default: value }) as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        megabytes: option("100,1000"),
        shapes: option("one,many,wide"),
        only: option("backup,restore"),
        peers: option("fd,fc"),
        rounds: option("5"),
        out: option("reports"),
      },
    }).values;
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}

/** The machine's processors, memory and programs. */
export function describeMachine() {
  return { cpus: cpus().length, model: cpus()[0]?.model ?? "unknown", memoryGigabytes: Math.round(totalmem() / 1e9) };
}

/** The load average of the last minute. Figures of a busy machine mean little. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/**
 * The version of the pg_dump on PATH, as it prints it. UserError if a peer needs zstd and this pg_dump was built without it. pg_dump checks
 * that before it connects, so nothing is measured first.
 */
export function pgDumpVersion(peers: readonly Peer[]): string {
  if (peers.includes("pg_dump -Fd -Z zstd")) requireZstd();
  return execFileSync("pg_dump", ["--version"], { encoding: "utf8" }).trim();
}

function requireZstd(): void {
  const nowhere = "postgresql://127.0.0.1:1/nowhere";
  const { stderr } = spawnSync("pg_dump", ["-Z", "zstd", `--dbname=${nowhere}`], { encoding: "utf8" });
  if (!stderr.includes("does not support compression")) return;
  throw new UserError(
    "--peers zstd: the pg_dump on PATH was built without zstd. Put one that was built with it (./configure --with-zstd) first on PATH.",
  );
}
