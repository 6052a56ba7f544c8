import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { LocalAppRunner } from "../../../lab/sandbox/apps.ts";
import { EdgeProxy, resolveDeployment } from "../../../lab/sandbox/edge.ts";
import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import type { DeploymentLookup } from "../../../lab/sandbox/host/services.ts";
import { Supervisor } from "../../../lab/sandbox/host/supervisor.ts";
import { freePort, isFree } from "../../../services/common/ports.ts";
import { isAlive } from "../../../services/common/processes.ts";
import { withTemporaryFolder } from "../../../services/common/temporaryFolder.ts";
import { makeTestFolder } from "../../support/folder.ts";

const APP = `
import { createServer } from "node:http";
createServer((request, response) => {
  if (request.url === "/die") process.exit(1);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ greeting: process.env.GREETING, home: process.env.HOME ?? null, host: request.headers["x-forwarded-host"] ?? null }));
}).listen(Number(process.env.PORT), process.env.HOST);
`;

let folder: Awaited<ReturnType<typeof makeTestFolder>>;
let supervisor: Supervisor;
let runner: LocalAppRunner;
const dir = () => join(folder.path, "code");
const app = (deploymentId: string, greeting: string) => ({ deploymentId, dir: dir(), env: { GREETING: greeting } });
const newRunner = () => {
  supervisor = new Supervisor(join(folder.path, "processes.json"));
  return new LocalAppRunner(join(folder.path, "apps"), supervisor);
};

beforeAll(async () => {
  folder = await makeTestFolder();
  await mkdir(join(folder.path, "broken"), { recursive: true });
  await mkdir(dir());
  await writeFile(join(dir(), "server.mjs"), APP);
  await writeFile(join(folder.path, "broken", "server.mjs"), "throw new Error('no DATABASE_URL')");
});
afterAll(() => folder.remove());
beforeEach(() => {
  runner = newRunner();
});
afterEach(() => runner.stopAll());

interface Answer {
  status: number;
  body: string;
}

/** A visitor's request. Only the Host header names the target, as the edge sees it. */
function visit(port: number, host: string, path = "/", more: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers: { host, ...more } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.once("error", reject);
    sent.end();
  });
}

describe("LocalAppRunner in a sandbox outside of the project", () => {
  it("runs an app that imports a package", async () => {
    await withTemporaryFolder("apps", async (home) => {
      const code = join(home, "deployments", "dpl_1");
      await mkdir(code, { recursive: true });
      await writeFile(join(code, "server.mjs"), `import "pg";${APP}`);
      for (const deploymentId of ["dpl_1", "dpl_2"]) {
        await runner.start({ deploymentId, dir: code, env: {} });
        expect(runner.portOf(deploymentId)).toBeGreaterThan(0);
      }
      await runner.stopAll();
    });
    expect(existsSync(join(PROJECT_ROOT, "node_modules", "pg"))).toBe(true);
  });
});

describe("LocalAppRunner", () => {
  it("runs an app with its deployment's environment and nothing of the daemon's own", async () => {
    const port = await runner.start(app("d1", "hello"));
    expect(runner.portOf("d1")).toBe(port);
    expect(JSON.parse((await visit(port, "x")).body)).toMatchObject({ greeting: "hello", home: null });
    await runner.stop("d1");
    expect(runner.portOf("d1")).toBeUndefined();
    expect(await isFree(port)).toBe(true);
    await runner.stop("d1");
  });

  it("reports why an app did not start", async () => {
    await expect(runner.start({ ...app("d2", "x"), dir: join(folder.path, "broken") })).rejects.toThrow(
      /d2 did not start: it ended with exit code 1[^]*no DATABASE_URL/,
    );
    expect(runner.portOf("d2")).toBeUndefined();
  });

  it("restarts an app that exited by itself, but not a stopped one", async () => {
    const port = await runner.start(app("d3", "x"));
    const pid = supervisor.pidOf("app d3")!;
    await expect(visit(port, "x", "/die")).rejects.toThrow();
    for (let waited = 0; runner.portOf("d3") === undefined || runner.portOf("d3") === port; waited += 50) {
      if (waited > 8000) throw new Error("it was not started again");
      await sleep(50);
    }
    expect(isAlive(pid)).toBe(false);
    expect((await visit(runner.portOf("d3")!, "x")).status).toBe(200);
    await runner.stop("d3");
    await sleep(700);
    expect(runner.portOf("d3")).toBeUndefined();
  });

  it("runs an app that ends with the daemon, however that ends", async () => {
    const endWithParent = join(PROJECT_ROOT, "lab/sandbox/endWithParent.mjs");
    const options = ["--import", endWithParent, "--eval", "setInterval(() => undefined, 1000); console.log('runs')"];
    const child = spawn(process.execPath, options, { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.stdin.end();
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("stops several at once, as a destroyed project does", async () => {
    const ids = ["s1", "s2", "s3", "s4"];
    await Promise.all(ids.map((id) => runner.start(app(id, "x"))));
    await Promise.all(ids.map((id) => runner.stop(id)));
    expect(ids.map((id) => runner.portOf(id))).toEqual(ids.map(() => undefined));
    expect(await readFile(join(folder.path, "apps", "running.json"), "utf8")).toBe("[]");
  });

  it("starts the last daemon's apps with the next one", async () => {
    await runner.start(app("kept", "still here"));
    await runner.start(app("gone", "x"));
    await runner.stop("gone");
    await runner.stopAll();
    runner = newRunner();
    await runner.startAll();
    expect((await visit(runner.portOf("kept")!, "x")).body).toContain("still here");
    expect(runner.portOf("gone")).toBeUndefined();
  });
});

describe("EdgeProxy", () => {
  const names = {
    resolveCname: (name: string) =>
      ({ "app.castchat.example": "cname.vercel-dns.com", "elsewhere.example": "other.host" })[name],
  };
  const hosts: Record<string, ReturnType<DeploymentLookup["resolveHost"]>> = {
    "d9.vercel.app": { deploymentId: "d9", paused: false },
    "app.castchat.example": { deploymentId: "d9", paused: false },
    "norecord.example": { deploymentId: "d9", paused: false },
    "paused.vercel.app": { deploymentId: "d9", paused: true },
    "dead.vercel.app": { deploymentId: "dead", paused: false },
    "still.vercel.app": { deploymentId: "d9", paused: false, isStatic: true },
    "shut.vercel.app": { deploymentId: "d9", paused: false, secrets: ["sesame"] },
    "sealed.vercel.app": { deploymentId: "d9", paused: false, secrets: [] },
  };
  const platform = { resolveHost: (host: string) => hosts[host] };
  const OWN_HOST = '"host":"app.castchat.example"';
  let port: number;
  let edge: EdgeProxy;

  beforeEach(async () => {
    await runner.start(app("d9", "public"));
    port = await freePort();
    edge = new EdgeProxy((host, secret) => resolveDeployment(host, names, platform, secret), runner);
    await edge.open(port);
  });
  afterEach(() => edge.close());

  it.each([
    ["a deployment's own address", "d9.vercel.app", 200, "public"],
    ["a public name with record and domain, in any case, with a port", "App.CastChat.example:80", 200, OWN_HOST],
    ["a domain without a DNS record", "norecord.example", 530, "no DNS record"],
    ["a record that leads elsewhere", "elsewhere.example", 530, "leads to other.host"],
    ["an unknown deployment", "unknown.vercel.app", 404, "DEPLOYMENT_NOT_FOUND"],
    ["a paused project", "paused.vercel.app", 503, "DEPLOYMENT_PAUSED"],
    ["a path that is no file of a static deployment", "still.vercel.app", 404, "NOT_FOUND"],
    ["an app that doesn't run", "dead.vercel.app", 502, "FUNCTION_INVOCATION_FAILED"],
  ])("answers for %s", async (_name, host, status, text) => {
    const answer = await visit(port, host);
    expect(answer.status).toBe(status);
    expect(answer.body).toContain(text);
  });

  it("answers 401 with a login page for a protected host, unless a secret opens it", async () => {
    for (const [host, secret, status] of [
      ["shut.vercel.app", undefined, 401],
      ["shut.vercel.app", "wrong", 401],
      ["shut.vercel.app", "sesame", 200],
      ["sealed.vercel.app", "sesame", 401],
    ] as const) {
      const answer = await visit(port, host, "/", secret === undefined ? {} : { "x-vercel-protection-bypass": secret });
      expect([host, secret, answer.status]).toEqual([host, secret, status]);
      if (status === 401) expect(answer.body).toContain("<title>Authentication Required</title>");
    }
  });

  it("answers 502 when the app ends during a request", async () => {
    expect((await visit(port, "d9.vercel.app", "/die")).status).toBe(502);
  });
});
