import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { endOrphans } from "../../../recovery/pulumi/orphans.ts";
import { freePort } from "../../../services/common/ports.ts";
import { isAlive } from "../../../services/common/processes.ts";

const BACKEND = `file:///nowhere/orphans-${process.pid}`;
const END_WITH_ENGINE = JSON.stringify(join(PROJECT_ROOT, "recovery/pulumi/endWithEngine.ts"));

/** An engine, as far as its address goes. */
let engine: Server;
let living: string;
let dead: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  engine = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
  await once(engine, "listening");
  living = `127.0.0.1:${(engine.address() as AddressInfo).port}`;
  dead = `127.0.0.1:${await freePort()}`;
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});
afterAll(() => void engine.close());

/** Runs a module's text; resolves once it has printed something. */
async function running(text: string, args: readonly string[] = [], backend = BACKEND): Promise<ChildProcess> {
  const options = ["--no-warnings", "--input-type=module", "--eval", text, "--", ...args];
  const child = spawn(process.execPath, options, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], PULUMI_BACKEND_URL: backend },
  });
  started.push(child);
  await once(child.stdout, "data");
  return child;
}

describe("a program", () => {
  const program = (address: string) => `
    import { endWithEngine } from ${END_WITH_ENGINE};
    endWithEngine(${JSON.stringify(address)}, 20);
    setInterval(() => undefined, 1000);
    console.log(process.pid);`;

  it("ends once its engine is gone, and not before", async () => {
    const server = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const child = await running(program(`127.0.0.1:${(server.address() as AddressInfo).port}`));
    // Two looks at a living engine.
    await once(server, "connection");
    await once(server, "connection");
    expect(child.exitCode).toBeNull();
    const ended = once(child, "exit");
    server.close();
    expect(await ended).toEqual([1, null]);
  });

  it("ends although each report of an error fails with the next error", async () => {
    const spinning = `${program(living)}
      const fail = () => { throw new Error("can't be reported"); };
      process.on("uncaughtException", () => process.nextTick(fail));
      process.once("SIGUSR2", fail);`;
    const host = `
      import { spawn } from "node:child_process";
      spawn(process.execPath, ["--no-warnings", "--input-type=module", "--eval", ${JSON.stringify(spinning)}], { stdio: ["ignore", "inherit", "inherit"] });
      setInterval(() => undefined, 1000);`;
    const options = ["--no-warnings", "--input-type=module", "--eval", host];
    const child = spawn(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] });
    started.push(child);
    const [pid] = (await once(child.stdout, "data")) as [Buffer];
    child.kill("SIGKILL");
    await once(child, "exit");
    process.kill(Number(pid.toString()), "SIGUSR2");
    // The program holds the pipe open until it ends. The system may need a moment more to take its process away.
    await once(child.stdout, "close");
    while (isAlive(Number(pid.toString()))) await setImmediate();
  });
});

describe("endOrphans", () => {
  const helper = `setInterval(() => undefined, 1000); console.log("started");`;

  it("ends what a gone engine has left with this backend, and nothing else", async () => {
    // Node's own arguments stand before these, as they do for a program that an engine has started.
    const orphan = (address: string, backend?: string) =>
      running(`/* node_modules/@pulumi/pulumi/cmd/run */ ${helper}`, ["--engine", address, "index.ts"], backend);
    const left = await orphan(dead);
    const others = [await orphan(living), await orphan(dead, `${BACKEND}-other`), await running(helper, [dead])];
    const exited = once(left, "exit");
    expect(await endOrphans({ PULUMI_BACKEND_URL: BACKEND })).toEqual([left.pid]);
    expect(await exited).toEqual([null, "SIGTERM"]);
    expect(others.map(({ pid }) => isAlive(pid!))).toEqual([true, true, true]);
  });
});
