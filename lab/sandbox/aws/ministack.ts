import { spawn } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, realpathSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import type { Socket } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { UserError } from "../../../services/common/errors.ts";
import { isFree, LOOPBACK } from "../../../services/common/ports.ts";
import { REGIONS } from "../host/layout.ts";
import { portInUse } from "../host/servers.ts";
import { schedulerClockFile } from "./schedulerClock.ts";

/** The settings of the AWS emulator. */
export interface MinistackOptions {
  /** Folder for its state, objects and temporary files. */
  dataDir: string;
  port: number;
  /** Key of the account's root user, which bypasses IAM policies, as on AWS. */
  accessKeyId: string;
  /** What a region's gateway adds to each request; requests without it are refused. @default - all of this machine are taken */
  gatewaySecret?: string;
  /** Its log file. */
  log: string;
  /** Each region's gateway, by the region's name. @default - ministack itself is the primary's region */
  endpoints?: Readonly<Record<string, string>>;
  /** It ends with this process, however that ends, as on SIGTERM. @default - it stays until it is stopped */
  endsWithStarter?: boolean;
  /** Called with its process id as soon as it exists, before it answers. */
  onSpawn?: (pid: number) => void;
}

const START_SCRIPT = fileURLToPath(new URL("./start_ministack.py", import.meta.url));
/** Runs one build; scheduled_builds.py starts it. */
const RUN_BUILD = fileURLToPath(new URL("../codebuild/main.ts", import.meta.url));
const START_TIMEOUT_MS = 20_000;
const POLL_MS = 50;

/** The emulator's program: `$CASTCHAT_MINISTACK`, or `ministack` on PATH. UserError if there is none. */
export function ministackBinary(environment: NodeJS.ProcessEnv = process.env): string {
  const chosen = environment["CASTCHAT_MINISTACK"];
  const candidates =
    chosen === undefined
      ? (environment["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "ministack"))
      : [chosen];
  const found = candidates.find((path) => isExecutable(path));
  if (found === undefined) {
    throw new UserError(
      chosen === undefined
        ? 'The AWS emulator "ministack" is not on PATH. Run `make setup`, or set CASTCHAT_MINISTACK to its program.'
        : `CASTCHAT_MINISTACK names ${chosen}, which is not a program. Correct it, or unset it and run \`make setup\`.`,
    );
  }
  return found;
}

/**
 * Starts ministack and waits until it answers. Returns the process id.
 *
 * It runs in its own process group, so that its helpers (Lambda) end with it. `AUTH` makes it check IAM users' signatures and policies; the
 * region gateways check the root key's signature. SIGTERM makes it write its state. A kill loses every change since the last start.
 */
export async function startMinistack(options: MinistackOptions): Promise<number> {
  const python = interpreterOf(ministackBinary());
  if (!(await isFree(options.port))) throw portInUse("AWS emulator", options.port);
  const folders = {
    state: join(options.dataDir, "state"),
    objects: join(options.dataDir, "objects"),
    temporary: join(options.dataDir, "tmp"),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
  const log = openSync(options.log, "a", 0o600);
  const child = spawn(python, [START_SCRIPT], {
    cwd: options.dataDir,
    stdio: [options.endsWithStarter === true ? "pipe" : "ignore", log, log],
    detached: true,
    env: {
      PATH: process.env["PATH"],
      HOME: options.dataDir,
      TMPDIR: folders.temporary,
      BIND_HOST: LOOPBACK,
      GATEWAY_PORT: String(options.port),
      MINISTACK_REGION: REGIONS.primary,
      AWS_ACCESS_KEY_ID: options.accessKeyId,
      CASTCHAT_GATEWAY_SECRET: options.gatewaySecret ?? "",
      AUTH: "true",
      PERSIST_STATE: "1",
      STATE_DIR: folders.state,
      S3_PERSIST: "1",
      S3_DATA_DIR: folders.objects,
      SFTP_ENABLED: "0",
      IOT_MTLS_ENABLED: "0",
      LOG_LEVEL: "WARNING",
      CASTCHAT_REGION_ENDPOINTS: JSON.stringify(
        options.endpoints ?? { [REGIONS.primary]: `http://${LOOPBACK}:${options.port}` },
      ),
      CASTCHAT_RUN_BUILD: JSON.stringify([
        process.execPath,
        "--no-warnings",
        RUN_BUILD,
        join(options.dataDir, "builds"),
      ]),
      CASTCHAT_SCHEDULER_CLOCK: schedulerClockFile(options.dataDir),
      ...(options.endsWithStarter === true && { CASTCHAT_ENDS_WITH_STDIN: "1" }),
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONUNBUFFERED: "1",
    },
  });
  closeSync(log);
  let failure: string | undefined;
  child.once("error", (error) => (failure = error.message));
  child.once("exit", (code, signal) => (failure ??= `it ended with ${signal ?? `exit code ${code ?? "?"}`}`));
  child.unref();
  (child.stdin as Socket | null)?.unref();
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isHealthy(options.port))) {
    if (failure !== undefined || Date.now() > deadline) {
      if (failure === undefined) child.kill("SIGKILL");
      throw new Error(`the AWS emulator did not start: ${failure ?? "it took too long"} (log: ${options.log})`);
    }
    await sleep(POLL_MS);
  }
  if (child.pid === undefined) throw new Error("the AWS emulator has no process id");
  return child.pid;
}

/** The Python of ministack's installation: named in its program's first line or, for long paths, beside it in a virtual environment. */
function interpreterOf(binary: string): string {
  const named = /^#!(\S*python\S*)$/.exec(readFileSync(binary, "utf8").split("\n", 1)[0]?.trim() ?? "")?.[1];
  const beside = join(dirname(realpathSync(binary)), "python3");
  const found = [named, beside].find((path) => path !== undefined && existsSync(path));
  if (found === undefined) {
    throw new UserError(
      `${binary} is not ministack as pip installs it. Run \`make setup\`, or set CASTCHAT_MINISTACK to another program.`,
    );
  }
  return found;
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://${LOOPBACK}:${port}/_ministack/health`, { signal: AbortSignal.timeout(2000) });
    return answer.ok;
  } catch {
    // Refused, reset or too slow: it is still starting. The caller decides when to give up.
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined) return false;
    throw error;
  }
}
