import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { startMinistackProcess } from "../../lab/sandbox/support/ministackProcess.ts";

const START_MS = 60_000;

/** A running ministack. */
interface RunningCloud {
  pid: number;
  port: number;
}

/** AWS for a suite: the run's own, which lives until the last suite has ended (tests/support/run.js). Outside of Jest, `stop` ends it. */
export async function sharedCloud(): Promise<{ port: number; stop: () => Promise<void> }> {
  const run = process.env["CASTCHAT_TEST_RUN"];
  if (run !== undefined) return { port: (await cloudOfRun(run)).port, stop: () => Promise.resolve() };
  await mkdir(join(PROJECT_ROOT, ".sandbox"), { recursive: true });
  const home = await mkdtemp(join(PROJECT_ROOT, ".sandbox", "tests-cloud-"));
  const { pid, port } = await startMinistackProcess(home, "test");
  return {
    port,
    async stop() {
      // Killed, since its state is thrown away. Its helpers are in its process group.
      process.kill(-pid, "SIGKILL");
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The first suite that asks starts it. The others wait for its address. */
async function cloudOfRun(run: string): Promise<RunningCloud> {
  const address = join(run, "cloud.json");
  const home = join(run, "cloud");
  const isFirst = await mkdir(home).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    },
  );
  if (isFirst) {
    await writeFile(`${address}.new`, JSON.stringify(await startMinistackProcess(home, "test")));
    await rename(`${address}.new`, address);
  }
  const deadline = performance.now() + START_MS;
  while (!existsSync(address)) {
    if (performance.now() > deadline)
      throw new Error("the suite that had to start ministack for this run has not done so");
    await sleep(50);
  }
  return JSON.parse(await readFile(address, "utf8")) as RunningCloud;
}
