import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "../../../services/common/ports.ts";
import { makeTestFolder } from "../../support/folder.ts";

/** An S3 in a process of its own. A kill loses nothing that it has confirmed. */
export interface PlainS3 {
  endpoint: string;
  /** `kill -9`. */
  crash(): Promise<void>;
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

const SERVER = fileURLToPath(new URL("plainS3Server.ts", import.meta.url));

/** Starts it on a free port. */
export async function startPlainS3(): Promise<PlainS3> {
  const [folder, port] = await Promise.all([makeTestFolder(), freePort()]);
  const objects = join(folder.path, "objects");
  await mkdir(objects);
  const start = async () => {
    const child = spawn(process.execPath, ["--no-warnings", SERVER, objects, String(port)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    return child;
  };
  let child: ChildProcess = await start();
  const crash = async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    crash,
    async startAgain() {
      child = await start();
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) await crash();
      await folder.remove();
    },
  };
}
