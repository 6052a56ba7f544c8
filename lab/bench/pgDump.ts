import { execFileSync, spawnSync } from "node:child_process";

import { UserError } from "../../services/common/errors.ts";
import type { Peer } from "./options.ts";

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
