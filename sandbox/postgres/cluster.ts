import { execFile, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { appendFile, chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { UserError } from "../../clients/errors.ts";
import { LOOPBACK, isFree } from "../ports.ts";
import { isAlive } from "../processes.ts";
import { UNPRIVILEGED, isRoot, postgresCommand } from "./binaries.ts";

/** The superuser of every cluster, named as Supabase names it. */
export const SUPERUSER = "supabase_admin";

/** One Postgres server on 127.0.0.1. */
export interface ClusterOptions {
  /** Data folder; made by createCluster. */
  dataDir: string;
  port: number;
  /** Password of `supabase_admin`. */
  superuserPassword: string;
  /** File that takes the server's log. */
  log: string;
  /** Told of each process as soon as there is one: initdb, the server before it takes connections. */
  onSpawn?: (pid: number) => void;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/**
 * Settings of every server.
 *
 * fsync is off because this is a simulated server: what it holds must survive the end of any process (the kernel keeps
 * written pages), not the loss of the machine. `wal_level = logical` is what Supabase runs with.
 */
const CONFIGURATION = `
listen_addresses = '${LOOPBACK}'
unix_socket_directories = ''
max_connections = 60
shared_buffers = '96MB'
maintenance_work_mem = '64MB'
dynamic_shared_memory_type = mmap
wal_level = logical
max_wal_size = '2GB'
min_wal_size = '32MB'
fsync = off
full_page_writes = off
synchronous_commit = off
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
max_worker_processes = 4
autovacuum_max_workers = 1
jit = off
`;

/** Passwords always, as on Supabase; also for replication. */
const HOST_BASED_AUTHENTICATION = `
host all all ${LOOPBACK}/32 scram-sha-256
host replication all ${LOOPBACK}/32 scram-sha-256
`;

/** Makes the data folder of a new server (`onSpawn` is told of initdb). Does not start it. A folder that exists already is an error. */
export async function createCluster(options: ClusterOptions): Promise<void> {
  await mkdir(dirname(options.dataDir), { recursive: true, mode: 0o700 });
  await mkdir(options.dataDir, { mode: 0o700 });
  const passwordFile = `${options.dataDir}.password`;
  try {
    if (isRoot()) await chown(options.dataDir, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
    await writeFile(passwordFile, options.superuserPassword, { mode: 0o600 });
    const { file, args } = postgresCommand("initdb", [
      `--pgdata=${options.dataDir}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C.UTF-8",
      "--wal-segsize=16",
      "--no-sync",
      "--no-instructions",
    ]);
    const running = promisify(execFile)(file, args, { cwd: "/" });
    if (running.child.pid !== undefined) options.onSpawn?.(running.child.pid);
    await running;
    await appendFile(join(options.dataDir, "postgresql.conf"), CONFIGURATION);
    await writeFile(join(options.dataDir, "pg_hba.conf"), HOST_BASED_AUTHENTICATION);
  } catch (error) {
    await rm(options.dataDir, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Starts a server and waits until it takes connections. Returns the process id of its first process.
 *
 * A server that runs already is left as it is. A port in use is a UserError that names it.
 */
export async function startCluster(options: ClusterOptions): Promise<number> {
  const running = await clusterPid(options.dataDir);
  if (running !== undefined) return running;
  if (!(await isFree(options.port))) {
    throw new UserError(
      `Port ${options.port} of 127.0.0.1 is in use, so the Postgres server in ${options.dataDir} can't start: end the program that uses it, or run "castchat-recovery sandbox reset".`,
    );
  }
  // Left behind by a server that was killed; Postgres itself can't tell when its pid has been taken by another program.
  await rm(join(options.dataDir, "postmaster.pid"), { force: true });
  const { file, args } = postgresCommand("postgres", ["-D", options.dataDir, "-p", String(options.port)]);
  const log = openSync(options.log, "a", 0o600);
  let failure: Error | undefined;
  const child = spawn(file, args, { cwd: "/", stdio: ["ignore", log, log] });
  closeSync(log);
  child.once("error", (error) => (failure = error));
  child.once(
    "exit",
    (code, signal) => (failure ??= new Error(`it ended with ${signal ?? `exit code ${code ?? "?"}`}`)),
  );
  child.unref();
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady(options.dataDir))) {
    if (failure !== undefined || Date.now() > deadline) {
      if (failure === undefined) child.kill("SIGQUIT");
      throw new Error(
        `the Postgres server in ${options.dataDir} did not start: ${failure?.message ?? "it took too long"} (log: ${options.log})`,
      );
    }
    await sleep(POLL_MS);
  }
  if (child.pid === undefined) throw new Error("the Postgres server has no process id");
  return child.pid;
}

/** Stops a server (fast shutdown: open transactions are rolled back) and waits for its end. One that does not run is fine. */
export async function stopCluster(dataDir: string): Promise<void> {
  await endCluster(dataDir, "SIGINT");
}

/** Ends a server at once, as a power cut would: what it had not committed is lost. Used to simulate a loss. */
export async function killCluster(dataDir: string): Promise<void> {
  await endCluster(dataDir, "SIGQUIT");
}

/** Process id of a server's first process, or undefined while it does not run. */
export async function clusterPid(dataDir: string): Promise<number | undefined> {
  const [line] = await postmasterLines(dataDir);
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  // A pid that was reused by another program since a kill -9 must never be taken for the server.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return process.platform !== "linux" || commandLine.split("\0").includes(dataDir) ? pid : undefined;
}

async function endCluster(dataDir: string, signal: NodeJS.Signals): Promise<void> {
  const pid = await clusterPid(dataDir);
  if (pid === undefined) return;
  process.kill(pid, signal);
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) {
      process.kill(pid, "SIGKILL");
      throw new Error(
        `the Postgres server in ${dataDir} (process ${pid}) did not stop in ${STOP_TIMEOUT_MS / 1000} s and was killed`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** The server writes its state to the eighth line of its pid file; that is how pg_ctl waits as well. */
async function isReady(dataDir: string): Promise<boolean> {
  return (await postmasterLines(dataDir))[7]?.trim() === "ready";
}

async function postmasterLines(dataDir: string): Promise<string[]> {
  try {
    return (await readFile(join(dataDir, "postmaster.pid"), "utf8")).split("\n");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
