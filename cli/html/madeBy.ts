import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";

import { execa } from "execa";

import type { MadeBy } from "../../planning/madeBy.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Reads the program's version and commit, the machine, and the engine's version. What can't be found out is "unknown". */
export async function readMadeBy(postgres?: string): Promise<MadeBy> {
  const [commit, changes, pulumi] = await Promise.all([
    answerOf("git", ["-C", ROOT, "rev-parse", "HEAD"]),
    answerOf("git", ["-C", ROOT, "status", "--porcelain"]),
    answerOf("pulumi", ["version"]),
  ]);
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const processors = cpus();
  return {
    version,
    commit: commit ?? "unknown",
    changed: (changes ?? "") !== "",
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.versions.node,
    pulumi: pulumi ?? "unknown",
    ...(postgres !== undefined && { postgres }),
  };
}

/** What a command prints; undefined if it fails or is not there. */
async function answerOf(command: string, args: readonly string[]): Promise<string | undefined> {
  const { stdout, failed } = await execa(command, args, { reject: false });
  return failed ? undefined : stdout.trim();
}
