import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort, LOOPBACK } from "../../services/common/ports.ts";
import { PROJECT_ROOT } from "./host/layout.ts";
import type { AppRunner, AppStart } from "./host/services.ts";
import type { Supervisor } from "./host/supervisor.ts";
import { writeWhole } from "./host/writeWhole.ts";

/** The program that a deployment starts. */
const ENTRY = "server.mjs";
/** Ends the program with the daemon, however that ends. */
const END_WITH_PARENT = join(import.meta.dirname, "endWithParent.mjs");
const START_TIMEOUT_MS = 15_000;
const POLL_MS = 25;
/** Log lines that are shown when an app doesn't start: a JavaScript error with its stack. */
const LOG_LINES = 15;
/** An app that exits is restarted after this time, as on a platform. */
const RESTART_DELAY_MS = 500;

/** Runs deployed apps as processes; `<folder>/running.json` lists those that should run. */
export class LocalAppRunner implements AppRunner {
  readonly #folder: string;
  readonly #supervisor: Supervisor;
  readonly #wanted = new Map<string, AppStart>();
  readonly #ports = new Map<string, number>();
  #closing = false;

  /** `folder` also contains the apps' logs, `<deploymentId>.log`. */
  constructor(folder: string, supervisor: Supervisor) {
    this.#folder = folder;
    this.#supervisor = supervisor;
  }

  /**
   * Starts everything that ran when the last daemon ended. An app that can't start doesn't block the others: its deployment answers 502
   * until it is stopped or started again.
   */
  async startAll(): Promise<void> {
    const file = this.#file();
    if (!existsSync(file)) return;
    const apps = JSON.parse(await readFile(file, "utf8")) as AppStart[];
    for (const app of apps) this.#wanted.set(app.deploymentId, app);
    await Promise.allSettled(apps.map((app) => this.#run(app)));
  }

  /** Stops all apps; they start again with the next daemon. */
  async stopAll(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#wanted.keys()].map((id) => this.#supervisor.stop(processName(id))));
  }

  async start(app: AppStart): Promise<number> {
    await this.stop(app.deploymentId);
    const port = await this.#run(app);
    this.#wanted.set(app.deploymentId, app);
    this.#save();
    return port;
  }

  async stop(deploymentId: string): Promise<void> {
    if (!this.#wanted.delete(deploymentId)) return;
    this.#save();
    this.#ports.delete(deploymentId);
    await this.#supervisor.stop(processName(deploymentId));
  }

  portOf(deploymentId: string): number | undefined {
    return this.#ports.get(deploymentId);
  }

  async #run(app: AppStart): Promise<number> {
    const id = app.deploymentId;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await linkPackages(app.dir);
    const port = await freePort();
    // No await between the spawn and the supervisor's entry, so that stopping the sandbox always ends a spawned process.
    if (this.#closing) throw new Error("the sandbox is being stopped");
    const logFile = join(this.#folder, `${id}.log`);
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(process.execPath, ["--import", END_WITH_PARENT, ENTRY], {
      cwd: app.dir,
      stdio: ["pipe", log, log],
      // A deployment gets its project's variables, and nothing of the daemon's own environment.
      env: { NODE_ENV: "production", ...app.env, PORT: String(port), HOST: LOOPBACK },
    });
    closeSync(log);
    let ended: string | undefined;
    child.once("error", (error) => (ended = error.message));
    if (child.pid !== undefined) this.#supervisor.add(processName(id), child.pid, { stopSignal: "SIGTERM" });
    const exited = new Promise<void>((resolve) => {
      child.once("exit", (code, signal) => {
        ended ??= `it ended with ${signal ?? `exit code ${code ?? "?"}`}`;
        if (this.#ports.get(id) === port) this.#ports.delete(id);
        resolve();
      });
    });
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await answers(port))) {
      if (ended !== undefined || Date.now() > deadline) {
        if (ended === undefined) await this.#supervisor.stop(processName(id));
        throw new Error(
          `the app of deployment ${id} did not start: ${ended ?? "it took no connections in time"}\n${await tail(logFile)}`,
        );
      }
      await sleep(POLL_MS);
    }
    this.#ports.set(id, port);
    void exited.then(() => this.#restart(app));
    return port;
  }

  async #restart(app: AppStart): Promise<void> {
    await sleep(RESTART_DELAY_MS);
    if (this.#closing || this.#wanted.get(app.deploymentId) !== app || this.#ports.has(app.deploymentId)) return;
    // The app's log has the reason. The deployment answers 502 until the next deployment.
    await Promise.allSettled([this.#run(app)]);
  }

  #save(): void {
    writeWhole(this.#file(), JSON.stringify([...this.#wanted.values()]));
  }

  #file(): string {
    return join(this.#folder, "running.json");
  }
}

function processName(deploymentId: string): string {
  return `app ${deploymentId}`;
}

/** Whether a port accepts connections. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK);
    const finish = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}

async function tail(file: string): Promise<string> {
  return (await readFile(file, "utf8")).trimEnd().split("\n").slice(-LOG_LINES).join("\n");
}

/** Links the packages beside the apps of a sandbox outside the project, because no build installs any. */
async function linkPackages(dir: string): Promise<void> {
  if (dir.startsWith(`${PROJECT_ROOT}/`)) return;
  try {
    await symlink(join(PROJECT_ROOT, "node_modules"), join(dirname(dir), "node_modules"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
