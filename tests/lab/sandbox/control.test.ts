import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import {
  destroyDatabase,
  loseRegion,
  resetSandbox,
  restoreRegion,
  sandboxStatus,
  startSandbox,
  stopSandbox,
} from "../../../lab/sandbox/control.ts";
import { sandboxEnvironment } from "../../../lab/sandbox/environment.ts";
import { layout, PROJECT_ROOT, type SandboxFile } from "../../../lab/sandbox/host/layout.ts";
import type { SupervisedProcess } from "../../../lab/sandbox/host/supervisor.ts";
import { isFree } from "../../../services/common/ports.ts";
import { isAlive } from "../../../services/common/processes.ts";
import { makeTestFolder } from "../../support/folder.ts";

let folder: Awaited<ReturnType<typeof makeTestFolder>>;
let home: string;

beforeEach(async () => {
  folder = await makeTestFolder();
  home = join(folder.path, "home");
});
afterEach(async () => {
  // The home of a failed test may contain anything.
  await stopSandbox({ home }).catch(() => undefined);
  await folder.remove();
});

const readProcesses = async () =>
  JSON.parse(await readFile(join(home, "processes.json"), "utf8")) as SupervisedProcess[];
const listening = async (file: SandboxFile) => {
  const free = await Promise.all(Object.values(file.ports).map((port) => isFree(port)));
  return free.filter((one) => !one).length;
};
const refuses = (work: Promise<unknown>, message: RegExp) =>
  expect(work).rejects.toMatchObject({ name: "UserError", message: expect.stringMatching(message) });
const createProject = async ({ ports, credentials }: SandboxFile) => {
  const region = { type: "specific", code: "ap-northeast-1" };
  const wanted = { name: "castchat", organization_slug: "castchat", db_pass: "a-Password-1", region_selection: region };
  const answer = await fetch(`http://127.0.0.1:${ports.supabase}/v1/projects`, {
    method: "POST",
    headers: { authorization: `Bearer ${credentials.supabaseToken}`, "content-type": "application/json" },
    body: JSON.stringify(wanted),
  });
  const { ref = "", message } = (await answer.json()) as { ref?: string; message?: string };
  if (!answer.ok) throw new Error(message);
  for (let attempt = 0; !(await sandboxStatus({ home })).databases.includes(ref); attempt++) {
    if (attempt > 100) throw new Error("the project got no database");
    await sleep(100);
  }
  return ref;
};

describe("a sandbox's life", () => {
  it("starts, reports that, starts again without a change, loses a region, stops and keeps its state", async () => {
    const file = await startSandbox({ home });
    expect(await listening(file)).toBe(10);
    expect((await sandboxStatus({ home })).running).toBe(true);
    expect(statSync(layout(home).file).mode & 0o777).toBe(0o600);
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect((await startSandbox({ home })).pid).toBe(file.pid);

    const environment = sandboxEnvironment(home, file, { PATH: "/usr/bin" });
    expect(environment["PULUMI_BACKEND_URL"]).toBe(`file://${home}/state`);
    // Also the command line, so that the runbook's commands work as written.
    expect(environment["PATH"]).toBe(`${PROJECT_ROOT}/lab/sandbox/plugins/bin:${PROJECT_ROOT}/bin:/usr/bin`);

    const ref = await createProject(file);
    await loseRegion(home, "ap-northeast-1");
    expect(await isFree(file.ports.awsPrimary)).toBe(true);
    await refuses(loseRegion(home, "mars"), /no AWS region "mars"/);

    const processes = await readProcesses();
    expect(processes.map(({ name }) => name).sort()).toEqual(["ministack", `postgres ${ref}`]);
    await stopSandbox({ home });
    expect(await listening(file)).toBe(0);
    expect(processes.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(await sandboxStatus({ home })).toMatchObject({ running: false, outages: ["ap-northeast-1"] });

    const again = await startSandbox({ home });
    expect(again.ports).toEqual(file.ports);
    expect(await isFree(file.ports.awsPrimary)).toBe(true);
    await restoreRegion(home, "ap-northeast-1");
    expect(await isFree(file.ports.awsPrimary)).toBe(false);
    expect((await sandboxStatus({ home })).databases).toEqual([ref]);
    await destroyDatabase(home, ref);
    expect(existsSync(join(layout(home).postgres, ref))).toBe(false);
    await expect(destroyDatabase(home, ref)).rejects.toMatchObject({ name: "UserError" });

    await resetSandbox({ home });
    expect(existsSync(home)).toBe(false);
    expect(await listening(file)).toBe(0);
  }, 60_000);

  it("leaves nothing after its daemon was killed: stop ends the rest, and start works too", async () => {
    const file = await startSandbox({ home });
    await createProject(file);
    process.kill(file.pid!, "SIGKILL");
    const left = await readProcesses();
    // Ministack ends with its daemon; a database's server stays, and `stop` ends it.
    const alive = () => left.filter(({ pid }) => isAlive(pid)).map(({ name }) => name);
    for (let waited = 0; alive().includes("ministack"); waited += 50) {
      if (waited > 8000) throw new Error("ministack outlives the daemon");
      await sleep(50);
    }
    expect(alive()).toHaveLength(1);
    await stopSandbox({ home });
    expect(left.filter(({ pid }) => isAlive(pid))).toEqual([]);
    expect(await listening(file)).toBe(0);

    const second = await startSandbox({ home });
    process.kill(second.pid!, "SIGKILL");
    const third = await startSandbox({ home });
    expect(third.pid).not.toBe(second.pid);
    expect((await sandboxStatus({ home })).databases).toHaveLength(1);
  }, 60_000);

  it("survives Ctrl-C in its terminal, and the end of the terminal", async () => {
    const file = await startSandbox({ home });
    process.kill(file.pid!, "SIGINT");
    process.kill(file.pid!, "SIGHUP");
    await sleep(200);
    expect((await sandboxStatus({ home })).running).toBe(true);
    expect(await listening(file)).toBe(10);
  });

  it("lets only its owner control it", async () => {
    const file = await startSandbox({ home });
    const answer = await fetch(`http://127.0.0.1:${file.ports.control}/shutdown`, { method: "POST" });
    expect(answer.status).toBe(401);
    expect((await sandboxStatus({ home })).running).toBe(true);
  });

  it("runs one start at a time", async () => {
    const files = await Promise.all([startSandbox({ home }), startSandbox({ home }), startSandbox({ home })]);
    expect(new Set(files.map(({ pid }) => pid)).size).toBe(1);
    expect((await readdir(home)).filter((name) => name.startsWith("lock"))).toEqual([]);
  });
});

describe("errors for the user", () => {
  it("name the number and service of a port in use, and nothing is left running", async () => {
    const file = await startSandbox({ home });
    await stopSandbox({ home });
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(file.ports.edge, "127.0.0.1", resolve));
    await refuses(
      startSandbox({ home }),
      new RegExp(`^Port ${file.ports.edge} of 127.0.0.1.*edge.*used by another program.*sandbox reset\`\\.$`),
    );
    expect(await listening(file)).toBe(1);
    await new Promise((resolve) => stranger.close(resolve));
  });

  it("report a missing or invalid ministack", async () => {
    const before = { PATH: process.env["PATH"], CASTCHAT_MINISTACK: process.env["CASTCHAT_MINISTACK"] };
    try {
      process.env["CASTCHAT_MINISTACK"] = "/nowhere/ministack";
      await refuses(startSandbox({ home }), /CASTCHAT_MINISTACK names \/nowhere\/ministack.*make setup/);
      delete process.env["CASTCHAT_MINISTACK"];
      process.env["PATH"] = "/nowhere";
      await refuses(startSandbox({ home }), /not on PATH.*make setup/);
    } finally {
      process.env["PATH"] = before.PATH;
      if (before.CASTCHAT_MINISTACK !== undefined) process.env["CASTCHAT_MINISTACK"] = before.CASTCHAT_MINISTACK;
    }
  });

  it("report a home that is damaged, incomplete, or not a sandbox", async () => {
    await mkdir(join(home, "postgres"), { recursive: true });
    await refuses(startSandbox({ home }), /contains postgres but no sandbox\.json/);
    await refuses(resetSandbox({ home }), /is not a sandbox.*CASTCHAT_SANDBOX_HOME/);
    expect(existsSync(join(home, "postgres"))).toBe(true);
    await writeFile(layout(home).file, '{"ports": {}}');
    await refuses(startSandbox({ home }), /is damaged.*sandbox reset/);
    await resetSandbox({ home });
    expect(existsSync(home)).toBe(false);
    await resetSandbox({ home });
    await stopSandbox({ home });
  });

  it("report that a region can't be lost while the sandbox is stopped", async () => {
    await refuses(loseRegion(home, "ap-northeast-1"), /is not running.*sandbox start/);
  });
});
