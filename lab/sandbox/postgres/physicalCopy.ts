import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, chown, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { isRoot, UNPRIVILEGED } from "../../../recovery/postgres/programs/unprivileged.ts";
import { withClient } from "./client.ts";

/** Excluded from a running server's copy: its pid, and its log of changes, which is copied last. */
const NOT_COPIED = ["postmaster.pid", "postmaster.opts", "pg_wal", "pg_replslot", "backup_label"];

/** Copies a running server's data folder. A server that starts on the copy has the state at the copy's end. */
export async function copyCluster(options: { superuserUrl: string; dataDir: string; into: string }): Promise<void> {
  const { dataDir, into } = options;
  const unfinished = `${into}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(into), { recursive: true, mode: 0o700 });
  await withClient(options.superuserUrl, async (client) => {
    await client.query("select pg_backup_start('platform backup', true)");
    await copyTree(dataDir, unfinished, NOT_COPIED);
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    await copyTree(join(dataDir, "pg_wal"), join(unfinished, "pg_wal"), []);
    await writeAsServer(join(unfinished, "backup_label"), rows[0]?.labelfile ?? "");
    await makeFolder(join(unfinished, "pg_replslot"));
  });
  await rename(unfinished, into);
}

/**
 * Replaces a stopped server's data with a copy. With `until`, the server's own log of changes is kept, and the server replays it up to that
 * instant when it starts. Can be interrupted at any point and repeated.
 */
export async function replaceCluster(options: {
  dataDir: string;
  copy: string;
  until?: Date | undefined;
}): Promise<void> {
  const { dataDir, copy, until } = options;
  const old = `${dataDir}.old`;
  const next = `${dataDir}.new`;
  if (existsSync(old)) await rm(dataDir, { recursive: true, force: true });
  else await rename(dataDir, old);
  await rm(next, { recursive: true, force: true });
  await copyTree(copy, next, []);
  if (until !== undefined) {
    await rm(join(next, "pg_wal"), { recursive: true });
    await copyTree(join(old, "pg_wal"), join(next, "pg_wal"), []);
    await writeAsServer(join(next, "recovery.signal"), "");
    await appendFile(
      join(next, "postgresql.auto.conf"),
      `restore_command = 'false'\nrecovery_target_time = '${until.toISOString().replace("T", " ").replace("Z", "+00")}'\nrecovery_target_action = 'promote'\n`,
    );
  }
  await rename(next, dataDir);
}

/** Deletes the data that {@link replaceCluster} has replaced. */
export async function dropReplaced(dataDir: string): Promise<void> {
  await rm(`${dataDir}.old`, { recursive: true, force: true });
}

/** Whether the server has finished its recovery and accepts changes. */
export async function isWritable(superuserUrl: string): Promise<boolean> {
  try {
    const { rows } = await withClient(superuserUrl, (client) =>
      client.query<{ recovering: boolean }>("select pg_is_in_recovery() as recovering"),
    );
    return rows[0]?.recovering === false;
  } catch {
    // Not up yet.
    return false;
  }
}

/** Copies with `tar`: a file that the server removes meanwhile is not an error. */
async function copyTree(from: string, to: string, leftOut: readonly string[]): Promise<void> {
  await makeFolder(to);
  const excluded = leftOut.map((name) => `--exclude=./${name}`);
  const script =
    'set -o pipefail; from="$1"; to="$2"; shift 2; tar -C "$from" -cf - --warning=no-file-changed --warning=no-file-removed "$@" . | tar -C "$to" -xpf -';
  try {
    await promisify(execFile)("bash", ["-c", script, "copy", from, to, ...excluded]);
  } catch (error) {
    // tar's exit code 1: files changed while they were read, which the log of changes repairs.
    if ((error as { code?: number }).code !== 1) throw error;
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (isRoot()) await chown(path, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
}

async function writeAsServer(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  if (isRoot()) await chown(path, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
}
