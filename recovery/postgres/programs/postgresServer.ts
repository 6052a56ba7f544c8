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
  /** The command line that starts a program. The process that it starts is the program itself. */
  command(name: "initdb" | "postgres", args: readonly string[]): { file: string; args: string[] };
  /** Who must own the data folder, where the programs run as another user than this process. */
  owner?: { uid: number; gid: number } | undefined;
}

/** One Postgres server on 127.0.0.1. */
export interface ServerOptions {
  programs: ServerPrograms;
  /** Data folder; made by createServerData. */
  dataDir: string;
  port: number;
  /** Name of the superuser. */
  superuser: string;
  superuserPassword: string;
  /** Lines of postgresql.conf beside {@link CONFIGURATION}. */
  configuration?: string;
  /** How initdb is told the locale: it differs between major versions. */
  localeArgs: readonly string[];
  /** File that takes the server's log. */
  log: string;
  /** What to do where the port is taken, the end of the sentence. */
  portAdvice?: string;
  /** Told of each process as soon as there is one: initdb, the server before it takes connections. */
  onSpawn?: ((pid: number) => void) | undefined;
  /** How long its start may take. @default - the real one */
  timing?: Timing | undefined;
}

/**
 * Settings of every server.
 *
 * fsync is off because these are servers for a while: what they hold must survive the end of any process (the kernel keeps
 * written pages), not the loss of the machine.
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

/** Passwords always, as on Supabase; also for replication. */
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

/** Makes the data folder of a new server (`onSpawn` is told of initdb). Does not start it. A folder that exists already is an error. */
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
 * Starts a server and waits until it takes connections. Returns the process id of its first process.
 *
 * A server that runs already is left as it is. A port in use is a UserError that names it.
 */
export async function startServer(
  options: Pick<ServerOptions, "programs" | "dataDir" | "port" | "log" | "portAdvice" | "onSpawn" | "timing">,
): Promise<number> {
  const { programs, dataDir, port, timing = realTiming } = options;
  const running = await serverPid(dataDir);
  if (running !== undefined) return running;
  if (!(await isFree(port))) {
    throw new UserError(
      `Port ${port} of ${LOOPBACK} is in use, so the Postgres server in ${dataDir} can't start: ${options.portAdvice ?? "end the program that uses it"}.`,
    );
  }
  // Left behind by a server that was killed; Postgres itself can't tell when its pid has been taken by another program.
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

/** Stops a server (fast shutdown: open transactions are rolled back) and waits for its end. One that does not run is fine. */
export async function stopServer(dataDir: string, timing = realTiming): Promise<void> {
  await endServer(dataDir, "SIGINT", timing);
}

/** Ends a server at once, as a power cut would: what it had not committed is lost. */
export async function killServer(dataDir: string, timing = realTiming): Promise<void> {
  await endServer(dataDir, "SIGQUIT", timing);
}

/**
 * Process id of a server's first process, or undefined while it does not run.
 *
 * @internal exported for tests that kill it
 */
export async function serverPid(dataDir: string): Promise<number | undefined> {
  const [line] = await postmasterLines(dataDir);
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  // A pid that was reused by another program since a kill -9 must never be taken for the server.
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
