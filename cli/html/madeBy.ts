import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";

import { execa } from "execa";
import { z } from "zod";

/** What has made a report, and on which machine. */
export const MADE_BY = z.strictObject({
  version: z.string(),
  /** SHA of the commit; "unknown" outside of a checkout. */
  commit: z.string(),
  /** True if files differed from the commit. */
  changed: z.boolean(),
  cpu: z.string(),
  cores: z.number().int(),
  memoryBytes: z.number().int(),
  system: z.string(),
  node: z.string(),
  /** Of the engine. */
  pulumi: z.string(),
  /** Of the database that was measured; absent if there was none. */
  postgres: z.string().optional(),
});
export type MadeBy = z.infer<typeof MADE_BY>;

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

/** The rows of a table about it. */
export function madeByRows(by: MadeBy): [string, string][] {
  return [
    [
      "Program",
      `castchat-recovery ${by.version}, commit ${by.commit}${by.changed ? ", with uncommitted changes" : ""}`,
    ],
    ["Machine", `${by.cpu}, ${by.cores} cores, ${(by.memoryBytes / 2 ** 30).toFixed(1)} GiB of memory, ${by.system}`],
    [
      "Versions",
      [
        `Node ${by.node}`,
        `Pulumi ${by.pulumi}`,
        ...(by.postgres === undefined ? [] : [`PostgreSQL ${by.postgres}`]),
      ].join(", "),
    ],
  ];
}

/** What a command prints; undefined if it fails or is not there. */
async function answerOf(command: string, args: readonly string[]): Promise<string | undefined> {
  const { stdout, failed } = await execa(command, args, { reject: false });
  return failed ? undefined : stdout.trim();
}
