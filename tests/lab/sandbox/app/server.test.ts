import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";

import { applySchema, fill } from "../../../../lab/sandbox/sample/database.ts";
import { demoUser } from "../../../../lab/sandbox/sample/demoUser.ts";
import { freePort } from "../../../../services/common/ports.ts";
import { runSql } from "../../../recovery/support/sample.ts";
import { listen } from "../../../services/support/testServer.ts";
import { startTestDatabase, type TestDatabase } from "../../../support/postgres.ts";

const SERVER = fileURLToPath(new URL("../../../../lab/sandbox/app/server.mjs", import.meta.url));
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
let database: TestDatabase;
let auth: Awaited<ReturnType<typeof listen>>;
let app: { url: string; child: ChildProcess };
const others: ChildProcess[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  await applySchema(database.url);
  await fill(database.url, { rows: 20 });
  await runSql(database.url, "create database half");
  await runSql(database.url.replace(/\/postgres$/, "/half"), "create table public.users (id int)");
  auth = await startAuth();
  app = await startApp({ DATABASE_URL: database.url });
}, 60_000);
afterEach(async () => {
  await Promise.all(others.splice(0).map(stop));
});
afterAll(async () => {
  await stop(app.child);
  await Promise.all([auth.stop(), database.stop()]);
});

/** The part of GoTrue that the app uses: one account, whose token is its id, and the project's key. */
function startAuth() {
  const { id, email, password } = demoUser(1);
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const reply = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body));
      if (request.headers.apikey !== "anon-key") return reply(401, {});
      if (request.method === "POST" && request.url === "/auth/v1/token?grant_type=password") {
        const sent = JSON.parse(Buffer.concat(chunks).toString()) as { email: string; password: string };
        return sent.email === email && sent.password === password
          ? reply(200, { access_token: `token-${id}`, user: { id, email } })
          : reply(400, { error_code: "invalid_credentials" });
      }
      return request.url === "/auth/v1/user" && request.headers.authorization === `Bearer token-${id}`
        ? reply(200, { id, email })
        : reply(403, {});
    })();
  });
  return listen(server);
}

async function startApp(env: Record<string, string>): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort();
  const child = spawn(process.execPath, [SERVER], {
    env: {
      PATH: process.env["PATH"],
      PORT: String(port),
      SUPABASE_URL: auth.url,
      SUPABASE_ANON_KEY: "anon-key",
      CASTCHAT_COMMIT_SHA: COMMIT,
      VERCEL_DEPLOYMENT_ID: "dpl_1",
      ...env,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries += 1) {
    const answers = await fetch(`${url}/none`).then(
      () => true,
      () => false,
    );
    if (answers) return { url, child };
    await sleep(50);
  }
  throw new Error("The app doesn't listen.");
}

/** Another app, which is stopped after the test. Returns its address. */
async function startOther(env: Record<string, string>): Promise<string> {
  const { url, child } = await startApp(env);
  others.push(child);
  return url;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function call(
  path: string,
  options: { method?: string; token?: string; body?: unknown; raw?: string } = {},
  url = app.url,
) {
  const response = await fetch(url + path, {
    method: options.method ?? (options.body === undefined && options.raw === undefined ? "GET" : "POST"),
    headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
    body: options.raw ?? (options.body === undefined ? null : JSON.stringify(options.body)),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe("health", () => {
  it("is read from the database, and reports the running commit", async () => {
    const { status, body, headers } = await call("/api/health");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "ok",
      commit: COMMIT,
      deployment: "dpl_1",
      database: { name: "postgres", version: expect.stringMatching(/^17/) },
    });
    expect(headers.get("x-castchat-commit")).toBe(COMMIT);
  });

  it("is good on a database before its first migration, and reports that it is empty", async () => {
    const url = await startOther({ DATABASE_URL: database.url.replace(/\/postgres$/, "/template1") });
    expect(await call("/api/health", {}, url)).toMatchObject({ status: 200, body: { database: { empty: true } } });
  });

  it.each([
    ["nothing listens", () => "postgresql://postgres:geheim@127.0.0.1:1/postgres", /ECONNREFUSED/],
    ["the password is wrong", () => database.url.replace(/:[^:@/]+@/, ":geheim@"), /password or role/],
    ["the database is missing", () => database.url.replace(/\/postgres$/, "/geheim"), /doesn't exist/],
    ["tables are missing", () => database.url.replace(/\/postgres$/, "/half"), /no table of posts/],
  ])("is 503 with a reason and no secret if %s", async (_name, databaseUrl, reason) => {
    const url = await startOther({ DATABASE_URL: databaseUrl() });
    const { status, body } = await call("/api/health", {}, url);
    expect(status).toBe(503);
    expect(body).toMatchObject({ status: "unavailable", reason: expect.stringMatching(reason), commit: COMMIT });
    expect(JSON.stringify(body)).not.toContain("geheim");
  });

  it("gives up on a database that doesn't answer", async () => {
    const held: Socket[] = [];
    const silent = createTcpServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const url = await startOther({
      DATABASE_URL: `postgresql://postgres:x@127.0.0.1:${(silent.address() as AddressInfo).port}/postgres`,
    });
    const started = Date.now();
    const { status, body } = await call("/api/health", {}, url);
    expect([status, body["reason"]]).toEqual([503, "The database doesn't answer in time."]);
    expect(Date.now() - started).toBeLessThan(3_000);
    held.forEach((socket) => socket.destroy());
    silent.close();
  });
});

describe("login and posts", () => {
  const ownToken = `token-${demoUser(1).id}`;
  const post = { title: "a", body: "b" };

  it("logs in, writes as that user and reads it back", async () => {
    const { id, email, password } = demoUser(1);
    const login = await call("/api/login", { body: { email, password } });
    expect(login).toMatchObject({ status: 200, body: { user: { id, email } } });
    const token = String(login.body["accessToken"]);
    const written = await call("/api/posts", { token, body: { title: "復旧しました 🎉", body: "O'Brien\n\\N" } });
    expect(written).toMatchObject({ status: 201, body: { authorId: id, title: "復旧しました 🎉" } });
    const { body } = await call("/api/posts?limit=1");
    expect(body["posts"]).toEqual([
      expect.objectContaining({ id: written.body["id"], body: "O'Brien\n\\N", authorId: id }),
    ]);
  });

  it("shows drafts only to their author", async () => {
    const count = async (token?: string) =>
      ((await call("/api/posts?limit=100", token === undefined ? {} : { token })).body["posts"] as unknown[]).length;
    const anonymous = await count();
    expect(anonymous).toBeGreaterThan(0);
    expect(anonymous).toBeLessThan(21);
    expect(await count(ownToken)).toBeGreaterThanOrEqual(anonymous);
  });

  it.each<[string, string, Parameters<typeof call>[1], number]>([
    ["a wrong password", "/api/login", { body: { email: demoUser(1).email, password: "wrong" } }, 401],
    ["a login without password", "/api/login", { body: { email: "x" } }, 400],
    ["no JSON", "/api/login", { raw: "{" }, 400],
    ["a JSON that is not an object", "/api/login", { raw: "null" }, 400],
    ["a post without login", "/api/posts", { body: post }, 401],
    ["a post with a forged token", "/api/posts", { token: "forged", body: post }, 401],
    ["an empty title", "/api/posts", { token: ownToken, body: { ...post, title: " " } }, 400],
    ["too long a body", "/api/posts", { token: ownToken, body: { ...post, body: "b".repeat(70_000) } }, 413],
    ["an invalid limit", "/api/posts?limit=1000", {}, 400],
    ["another method", "/api/posts", { method: "DELETE" }, 405],
    ["another address", "/api/__proto__", {}, 404],
  ])("refuses %s", async (_name, path, options, status) => {
    const answer = await call(path, options);
    expect(answer.status).toBe(status);
    expect(typeof answer.body["error"]).toBe("string");
  });

  it("reports that the login service is down", async () => {
    const url = await startOther({ DATABASE_URL: database.url, SUPABASE_URL: "http://127.0.0.1:1" });
    expect((await call("/api/login", { body: { email: "a", password: "b" } }, url)).status).toBe(502);
  });
});

describe("the process", () => {
  it("ends at once on SIGTERM, also with open connections", async () => {
    const { url, child } = await startApp({ DATABASE_URL: database.url });
    await call("/api/health", {}, url);
    const started = Date.now();
    await stop(child);
    expect(child.exitCode).toBe(0);
    expect(Date.now() - started).toBeLessThan(1_000);
  });

  it("wants a port", async () => {
    const child = spawn(process.execPath, [SERVER], { env: { PATH: process.env["PATH"] }, stdio: "ignore" });
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(2);
  });
});
