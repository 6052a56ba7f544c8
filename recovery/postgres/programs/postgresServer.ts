import { execFile, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { appendFile, chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { childEnvironment } from "../../../services/common/childEnvironment.ts";
import { UserError } from "../../../services/common/errors.ts";
import { until } from "../../../services/common/polling.ts";
import { isFree, LOOPBACK } from "../../../services/common/ports.ts";
import { isAlive } from "../../../services/common/processes.ts";
import { realTiming, type Timing } from "../../../services/common/timing.ts";

/** The server programs of one Postgres installation, and how they are run. */
export interface ServerPrograms {
  /** The command line that starts a program. The started process is the program itself. */
  command(name: "initdb" | "postgres", args: readonly string[]): { file: string; args: string[] };
  /** Owner of the data folder, if the programs run as another user than this process. */
  owner?: { uid: number; gid: number } | undefined;
}

/** One Postgres server on 127.0.0.1. */
export interface ServerOptions {
  programs: ServerPrograms;
  /** Data folder, which createServerData makes. */
  dataDir: string;
  port: number;
  /** Name of the superuser. */
  superuser: string;
  superuserPassword: string;
  /** Lines of postgresql.conf in addition to {@link CONFIGURATION}. */
  configuration?: string;
  /** Arguments for the locale of initdb, which depend on the major version. */
  localeArgs: readonly string[];
  /** File for the server's log. */
  log: string;
  /** What to do if the port is taken: the end of the sentence. */
  portAdvice?: string;
  /** Called with each process id as soon as the process exists: initdb's, and the server's before it accepts connections. */
  onSpawn?: ((pid: number) => void) | undefined;
  /** How long its start may take. @default - the real one */
  timing?: Timing | undefined;
}

/**
 * Settings of every server. fsync is off because these servers are temporary: their content must survive the end of any process (the kernel
 * keeps written pages), but not the loss of the machine.
 */
const CONFIGURATION = `
listen_addresses = '${LOOPBACK}'
unix_socket_directories = ''
dynamic_shared_memory_type = mmap
min_wal_size = '32MB'
fsync = off
full_page_writes = off
synchronous_commit = off
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
jit = off
`;

/** Always requires passwords, as on Supabase; also for replication. */
const HOST_BASED_AUTHENTICATION = `
host all all ${LOOPBACK}/32 scram-sha-256
host replication all ${LOOPBACK}/32 scram-sha-256
`;

/** The same order of text on every machine; initdb learnt to do so without the machine's locales in version 17. */
export function localeArgs(serverMajor: number): string[] {
  return serverMajor >= 17
    ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
    : ["--locale=C.UTF-8"];
}

/** Creates the data folder of a new server, without starting it. `onSpawn` receives initdb's process id. An existing folder is an error. */
export async function createServerData(options: ServerOptions): Promise<void> {
  const { programs, dataDir } = options;
  await mkdir(dirname(dataDir), { recursive: true, mode: 0o700 });
  await mkdir(dataDir, { mode: 0o700 });
  const passwordFile = `${dataDir}.password`;
  try {
    await writeFile(passwordFile, options.superuserPassword, { mode: 0o600 });
    if (programs.owner !== undefined) {
      await chown(dataDir, programs.owner.uid, programs.owner.gid);
      await chown(passwordFile, programs.owner.uid, programs.owner.gid);
    }
    const { file, args } = programs.command("initdb", [
      `--pgdata=${dataDir}`,
      `--username=${options.superuser}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      ...options.localeArgs,
      "--wal-segsize=16",
      "--no-sync",
      "--no-instructions",
    ]);
    const running = promisify(execFile)(file, args, { cwd: "/", env: childEnvironment() });
    if (running.child.pid !== undefined) options.onSpawn?.(running.child.pid);
    await running;
    await appendFile(join(dataDir, "postgresql.conf"), CONFIGURATION + (options.configuration ?? ""));
    await writeFile(join(dataDir, "pg_hba.conf"), HOST_BASED_AUTHENTICATION);
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Starts a server and waits until it accepts connections. A running server is left as it is. Returns its main process id.
 *
 * @throws UserError if the port is in use
 */
export async function startServer(
  options: Pick<ServerOptions, "programs" | "dataDir" | "port" | "log" | "portAdvice" | "onSpawn" | "timing">,
): Promise<number> {
  const { programs, dataDir, port, timing = realTiming } = options;
  const running = await serverPid(dataDir);
  if (running !== undefined) return running;
  if (!(await isFree(port))) {
    throw new UserError(
      `Port ${port} of ${LOOPBACK} is in use, so the Postgres server in ${dataDir} can't start: ${options.portAdvice ?? "end the program that uses the port"}.`,
    );
  }
  // Left behind by a killed server. Postgres itself can't see that another program has its process id now.
  await rm(join(dataDir, "postmaster.pid"), { force: true });
  const { file, args } = programs.command("postgres", ["-D", dataDir, "-p", String(port)]);
  const log = openSync(options.log, "a", 0o600);
  let failure: Error | undefined;
  const child = spawn(file, args, { cwd: "/", stdio: ["ignore", log, log], env: childEnvironment() });
  closeSync(log);
  child.once("error", (error) => (failure = error));
  child.once(
    "exit",
    (code, signal) => (failure ??= new Error(`it ended with ${signal ?? `exit code ${code ?? "?"}`}`)),
  );
  child.unref();
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  await until(async () => failure !== undefined || (await isReady(dataDir)), {
    everyMs: timing.serverEveryMs,
    limitMs: timing.serverStartMs,
  });
  if (!(await isReady(dataDir))) {
    if (failure === undefined) child.kill("SIGQUIT");
    throw new Error(
      `the Postgres server in ${dataDir} did not start: ${failure?.message ?? "it took too long"} (log: ${options.log})`,
    );
  }
  if (child.pid === undefined) throw new Error("the Postgres server has no process id");
  return child.pid;
}

/** Stops a server (fast shutdown: open transactions are rolled back) and waits until it has ended. Does nothing if it is not running. */
export async function stopServer(dataDir: string, timing = realTiming): Promise<void> {
  await endServer(dataDir, "SIGINT", timing);
}

/** Kills a server, as a power failure would. What it had not committed is lost. */
export async function killServer(dataDir: string, timing = realTiming): Promise<void> {
  await endServer(dataDir, "SIGQUIT", timing);
}

/**
 * Process id of a server's main process. Undefined if it is not running.
 *
 * @internal exported for tests that kill it
 */
export async function serverPid(dataDir: string): Promise<number | undefined> {
  const [line] = await postmasterLines(dataDir);
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  // Another program that has the process id of a killed server must never be taken for it.
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return process.platform !== "linux" || commandLine.split("\0").includes(dataDir) ? pid : undefined;
}

async function endServer(
  dataDir: string,
  signal: NodeJS.Signals,
  { serverEveryMs: everyMs, serverStopMs: limitMs }: Timing,
): Promise<void> {
  const pid = await serverPid(dataDir);
  if (pid === undefined) return;
  process.kill(pid, signal);
  if (await until(() => !isAlive(pid), { everyMs, limitMs })) return;
  process.kill(pid, "SIGKILL");
  throw new Error(
    `the Postgres server in ${dataDir} (process ${pid}) did not stop in ${limitMs / 1000} s and was killed`,
  );
}

/** The server writes its state to the eighth line of its pid file, which pg_ctl reads too. */
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
