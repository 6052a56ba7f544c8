import { existsSync, readdirSync } from "node:fs";
import { chmod, mkdir, rm, rmdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../services/common/errors.ts";
import { isFree } from "../../services/common/ports.ts";
import { ministackBinary } from "./aws/ministack.ts";
import {
  newSandboxFile,
  processesFile,
  readSandboxFile,
  runningDaemon,
  withoutDaemon,
  writeSandboxFile,
} from "./host/file.ts";
import { addressOf, layout, type SandboxFile, type Service, SERVICES } from "./host/layout.ts";
import { withSandboxLock } from "./host/lock.ts";
import { portInUse } from "./host/servers.ts";
import { endLeftovers, endProcess } from "./host/supervisor.ts";
import { postgresBinary } from "./postgres/binaries.ts";
import { startDaemon } from "./startDaemon.ts";

/** State of a sandbox. */
export interface SandboxStatus {
  running: boolean;
  pid?: number;
  services: { name: Service; url: string; listening: boolean }[];
  /** Regions whose endpoints are disabled. */
  outages: readonly string[];
  /** Refs of the projects with a database server; only known while the sandbox is running. */
  databases: readonly string[];
}

/** The sandbox of a command, and where it reports its steps. */
interface SandboxOptions {
  home: string;
  onProgress?: (message: string) => void;
}

/** A killed process still exists for a moment. */
const ENDING_MS = 200;
/** Entries of the sandbox's home beside the paths of `layout`. */
const OTHER_ENTRIES = ["apps", "processes.json", "processes.json.new", "sandbox.json.new"];

/**
 * Starts the sandbox unless it is running. Returns when everything answers.
 *
 * @throws UserError for a port in use, a missing program, or a home that is damaged or belongs to something else
 */
export async function startSandbox({ home, onProgress = () => undefined }: SandboxOptions): Promise<SandboxFile> {
  await prepareHome(home);
  return withSandboxLock(home, async () => {
    let file = readSandboxFile(home);
    if (file === undefined) {
      onProgress("creating a new sandbox");
      file = await newSandboxFile();
      writeSandboxFile(home, file);
    }
    if (await isServing(file)) return file;
    postgresBinary("postgres");
    ministackBinary();
    await endLeftovers(processesFile(home));
    for (const service of SERVICES) {
      if (!(await isFree(file.ports[service]))) throw portInUse(service, file.ports[service]);
    }
    onProgress("starting its services");
    await startDaemon(home);
    return readSandboxFile(home) ?? file;
  });
}

/** Stops the sandbox: in order if it answers, by force otherwise. Afterwards none of its processes runs, and its data is kept. */
export async function stopSandbox({ home, onProgress = () => undefined }: SandboxOptions): Promise<void> {
  if (!existsSync(layout(home).file)) return;
  await withSandboxLock(home, async () => {
    const file = readSandboxFile(home);
    const pid = runningDaemon(file);
    if (pid !== undefined) {
      onProgress("stopping the sandbox");
      await endProcess({ name: "daemon", pid, ticks: file?.pidStartTicks ?? "", stopSignal: "SIGTERM", group: false });
    }
    const left = await endLeftovers(processesFile(home));
    if (left.length > 0) onProgress(`ended what a killed sandbox had left: ${left.join(", ")}`);
    const current = readSandboxFile(home);
    if (current?.pid !== undefined) writeSandboxFile(home, withoutDaemon(current));
  });
}

/** The sandbox's services and their state. Never fails because a service doesn't answer. */
export async function sandboxStatus(options: { home: string }): Promise<SandboxStatus> {
  const file = readSandboxFile(options.home);
  if (file === undefined) return { running: false, services: [], outages: [], databases: [] };
  const pid = runningDaemon(file);
  const services = await Promise.all(
    SERVICES.map(async (name) => ({
      name,
      url: addressOf(file.ports, name),
      listening: !(await isFree(file.ports[name])),
    })),
  );
  const rest = { services, outages: file.outages };
  if (pid === undefined) return { running: false, ...rest, databases: [] };
  return { running: true, pid, ...rest, databases: (await askStatus(file)).databases };
}

/** Stops the sandbox and deletes all of its data. Refuses a folder without a sandbox. */
export async function resetSandbox({ home, onProgress = () => undefined }: SandboxOptions): Promise<void> {
  const paths = layout(home);
  if (!existsSync(home) || readdirSync(home).length === 0) return;
  if (!existsSync(paths.file)) {
    throw new UserError(
      `${home} is not a sandbox (it has no sandbox.json), so nothing was deleted. Check CASTCHAT_SANDBOX_HOME.`,
    );
  }
  await stopDamaged(home, onProgress);
  onProgress("removing its data");
  const locks = readdirSync(home).filter((name) => name.startsWith("lock"));
  // sandbox.json goes last, so that an interrupted reset can run again.
  for (const path of [
    ...foldersOf(home),
    ...[...OTHER_ENTRIES, ...locks].map((name) => join(home, name)),
    paths.file,
  ]) {
    await rm(path, { recursive: true, force: true });
  }
  if (readdirSync(home).length === 0) await rmdir(home);
}

/** Disables a region's endpoints, as an outage would. The outage outlives restarts. */
export async function loseRegion(home: string, region: string): Promise<void> {
  await ask(running(home), "POST", `/regions/${encodeURIComponent(region)}/outage`);
}

/** Ends the outage of a region. */
export async function restoreRegion(home: string, region: string): Promise<void> {
  await ask(running(home), "DELETE", `/regions/${encodeURIComponent(region)}/outage`);
}

/** Destroys a project's database server with its data, as a loss would. */
export async function destroyDatabase(home: string, ref: string): Promise<void> {
  await ask(running(home), "POST", `/databases/${encodeURIComponent(ref)}/destroy`);
}

/** Advances only the clock of the sandbox's schedules, so that runs due within hours are due now. */
export async function advanceScheduler(home: string, seconds: number): Promise<void> {
  await ask(running(home), "POST", `/scheduler/advance/${seconds}`);
}

/** Lets Supabase take its own backup of a project now, as it does at 02:00 UTC. */
export async function takePlatformBackup(home: string, ref: string): Promise<void> {
  await ask(running(home), "POST", `/projects/${encodeURIComponent(ref)}/platform-backups`);
}

/** Adds Supabase's point-in-time recovery to a project's plan, from now on. */
export async function enablePointInTime(home: string, ref: string): Promise<void> {
  await ask(running(home), "POST", `/projects/${encodeURIComponent(ref)}/point-in-time`);
}

/** A damaged sandbox.json can't name the daemon, but the list of processes names all others. */
async function stopDamaged(home: string, onProgress: (message: string) => void): Promise<void> {
  try {
    await stopSandbox({ home, onProgress });
  } catch (error) {
    if (!(error instanceof UserError) || !error.message.includes("is damaged")) throw error;
    await endLeftovers(processesFile(home));
  }
}

async function prepareHome(home: string): Promise<void> {
  if (!existsSync(layout(home).file)) {
    const strangers = foldersOf(home).filter((path) => existsSync(path));
    if (strangers.length > 0) {
      const names = strangers.map((path) => basename(path)).join(", ");
      throw new UserError(
        `${home} contains ${names} but no sandbox.json, so it is not a complete sandbox. Delete it, or set CASTCHAT_SANDBOX_HOME to another folder.`,
      );
    }
  }
  await mkdir(home, { recursive: true });
  await chmod(home, 0o700);
}

/** The folders of a sandbox. */
function foldersOf(home: string): string[] {
  const paths = layout(home);
  return Object.values(paths).filter((path) => path !== paths.home && path !== paths.file);
}

function running(home: string): SandboxFile {
  const file = readSandboxFile(home);
  if (file === undefined || runningDaemon(file) === undefined) {
    throw new UserError(`The sandbox in ${home} is not running. Start it with \`castchat-recovery sandbox start\`.`);
  }
  return file;
}

/** Whether the daemon runs and answers. UserError if it runs without answering, unless it is about to end. */
async function isServing(file: SandboxFile): Promise<boolean> {
  if (runningDaemon(file) === undefined) return false;
  try {
    await askStatus(file);
    return true;
  } catch (error) {
    await sleep(ENDING_MS);
    if (runningDaemon(file) === undefined) return false;
    throw error;
  }
}

async function askStatus(file: SandboxFile): Promise<{ databases: string[] }> {
  return (await ask(file, "GET", "/status")) as { databases: string[] };
}

async function ask(file: SandboxFile, method: string, path: string): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(`${addressOf(file.ports, "control")}${path}`, {
      method,
      headers: { authorization: `Bearer ${file.credentials.passphrase}` },
      signal: AbortSignal.timeout(20_000),
    });
  } catch {
    throw new UserError(
      "The sandbox is running but does not answer. Run `castchat-recovery sandbox stop`, and then `castchat-recovery sandbox start`.",
    );
  }
  const body = (await answer.json()) as { message?: string };
  if (answer.status === 400) throw new UserError(body.message ?? "the sandbox refused the request");
  if (!answer.ok) throw new Error(`the sandbox answered ${answer.status}: ${body.message ?? ""}`);
  return body;
}
