import type { Server } from "node:http";

import { createAdaptorServer } from "@hono/node-server";

import { messageOf, redact, UserError } from "../../services/common/errors.ts";
import { startTicks } from "../../services/common/processes.ts";
import { Cloud } from "./cloud.ts";
import { controlApi } from "./controlApi.ts";
import { processesFile, readSandboxFile, withoutDaemon, writeSandboxFile } from "./host/file.ts";
import { sandboxHome } from "./host/layout.ts";
import { closeServer, listen } from "./host/servers.ts";
import { endLeftovers } from "./host/supervisor.ts";

/** The daemon's only message to the process that started it. */
export type DaemonMessage = { type: "ready" } | { type: "failed"; message: string; userError: boolean };

/** Runs the sandbox until SIGTERM or POST /shutdown. */
async function main(): Promise<void> {
  const home = sandboxHome();
  const file = readSandboxFile(home);
  if (file === undefined)
    throw new UserError(`${home} contains no sandbox. Create one with \`castchat-recovery sandbox start\`.`);
  await endLeftovers(processesFile(home));
  const running = { ...file, pid: process.pid, pidStartTicks: startTicks(process.pid) };
  writeSandboxFile(home, running);
  const cloud = new Cloud(home, running);
  let control: Server | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (exitCode: number): Promise<void> =>
    (stopping ??= (async () => {
      await cloud.stop();
      if (control !== undefined) await closeServer(control);
      const current = readSandboxFile(home);
      if (current !== undefined) writeSandboxFile(home, withoutDaemon(current));
      process.exit(exitCode);
    })().catch(giveUp));
  // Ctrl-C is meant for the command in the terminal; the sandbox outlives the terminal.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);
  process.on("SIGTERM", () => void stop(0));
  process.on("uncaughtException", (error) => {
    log(error);
    void stop(1);
  });
  try {
    await cloud.start();
    const server = createAdaptorServer({
      fetch: controlApi(cloud, file.credentials.passphrase, () => void stop(0)).fetch,
    }) as Server;
    await listen(server, file.ports.control, "control port");
    control = server;
    await send({ type: "ready" });
  } catch (error) {
    log(error);
    await send({ type: "failed", message: messageOf(error), userError: error instanceof UserError });
    await stop(1);
  }
}

/** Resolves when the message has been sent. The process that started the daemon may be gone. */
async function send(message: DaemonMessage): Promise<void> {
  if (process.send === undefined || !process.connected) return;
  await new Promise<void>((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
}

/** The daemon's stderr is its log file. */
function log(error: unknown): void {
  process.stderr.write(
    `${new Date().toISOString()} ${redact(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`,
  );
}

function giveUp(error: unknown): void {
  log(error);
  process.exit(1);
}

main().catch(async (error: unknown) => {
  await send({ type: "failed", message: messageOf(error), userError: error instanceof UserError });
  giveUp(error);
});
