import { afterEach, describe, expect, it } from "@jest/globals";
import pg from "pg";

import type { PoolerLimits } from "../../../../lab/sandbox/pooler/limits.ts";
import { type Pooler, startPooler } from "../../../../lab/sandbox/pooler/pooler.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);
let limits: Partial<PoolerLimits> = {};
let now = 0;
const pooler: Pooler = forSuite(() => startPooler(database.port, { limits: () => limits, clock: () => now }));
const clients: pg.Client[] = [];
afterEach(async () => {
  limits = {};
  await Promise.all(clients.splice(0).map((client) => client.end()));
});

async function connected(mode: "session" | "transaction", change: (url: URL) => void = () => undefined) {
  const url = new URL(pooler.through(database.url, mode));
  change(url);
  const client = new pg.Client({ connectionString: url.href });
  client.on("error", () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}
const one = async (client: pg.Client, sql: string, values?: unknown[]) =>
  (await client.query<{ v: unknown }>(sql, values)).rows[0]?.v;
const sessions = "select count(*)::int as v from pg_stat_activity where application_name = 'Supavisor'";
const count = async () => (await database.asSuperuser<{ v: number }>(sessions))[0]?.v ?? -1;

describe("the sandbox's pooler in session mode", () => {
  it("keeps what a session has set, and knows a role by its project", async () => {
    const client = await connected("session", (url) => (url.username += ".abcdefghijklmnopqrst"));
    await client.query("set statement_timeout = 1234");
    expect(await one(client, "select pg_try_advisory_lock(1) as v")).toBe(true);
    expect(await one(client, "select current_setting('statement_timeout') as v")).toBe("1234ms");
    expect(await one(client, "select current_user as v")).toBe("postgres");
  });

  it("has as many sessions as its pool", async () => {
    limits = { poolSize: 1 };
    await connected("session");
    await expect(connected("session")).rejects.toMatchObject({
      code: "XX000",
      message: expect.stringContaining("(EMAXCONNSESSION) max clients reached in session mode"),
    });
    // The two modes have a pool each.
    await connected("transaction");
  });
});

describe("the sandbox's pooler in transaction mode", () => {
  it("serves many clients by few sessions, each transaction by one", async () => {
    limits = { poolSize: 2 };
    const many = [];
    for (let times = 0; times < 6; times += 1) many.push(await connected("transaction"));
    const before = await count();
    expect(before).toBeLessThanOrEqual(2);
    const sums = many.map(async (client, at) => {
      await client.query("begin");
      await client.query("select set_config('castchat.own', $1, true)", [String(at)]);
      await client.query("select pg_sleep(0.02)");
      const own = await one(client, "select current_setting('castchat.own') as v");
      await client.query("commit");
      return own;
    });
    expect(await Promise.all(sums)).toEqual(["0", "1", "2", "3", "4", "5"]);
    expect(await count()).toBeLessThanOrEqual(2);
  });

  it("keeps nothing from one transaction to the next", async () => {
    const client = await connected("transaction");
    const heard: string[] = [];
    client.on("notification", ({ channel }) => heard.push(channel));
    await client.query("set statement_timeout = 1234");
    expect(await one(client, "select current_setting('statement_timeout') as v")).not.toBe("1234ms");
    expect(await one(client, "select pg_try_advisory_lock(7) as v")).toBe(true);
    expect(await one(client, "select count(*)::int as v from pg_locks where locktype = 'advisory'")).toBe(0);
    await client.query("listen news");
    await client.query("notify news");
    expect([heard, await one(client, "select count(*)::int as v from pg_listening_channels()")]).toEqual([[], 0]);
    await client.query("create temporary table own (n int)");
    await expect(client.query("select from own")).rejects.toMatchObject({ code: "42P01" });
    const named = { name: "again", text: "select 1 as v" };
    await client.query(named);
    await expect(client.query(named)).rejects.toMatchObject({ code: "26000" });
  });

  it("has a limit of clients, of which the one that leaves makes room, and rolls back what it has left open", async () => {
    limits = { maxClients: 1, poolSize: 1 };
    const client = await connected("transaction");
    await expect(connected("transaction")).rejects.toMatchObject({
      code: "XX000",
      message: "(EMAXCONN) max client connections reached, limit: 1",
    });
    await client.query("begin");
    await client.query("create table public.left_open (n int)");
    await clients.pop()?.end();
    const next = await connected("transaction");
    expect(await one(next, "select to_regclass('public.left_open') as v")).toBeNull();
  });

  it("cancels the statement of the client that asks for it, whatever session it has", async () => {
    limits = { poolSize: 1 };
    const url = pooler.through(database.url, "transaction");
    const [first, second] = [await connected("transaction"), await connected("transaction")];
    const sleeps = second.query("select pg_sleep(20)");
    const ended = expect(sleeps).rejects.toMatchObject({ code: "57014" });
    while ((await count()) === 0 || !(await isAsleep())) await new Promise((resolve) => setImmediate(resolve));
    const { processID, secretKey } = second as unknown as { processID: number; secretKey: number };
    const canceller = new pg.Connection({ ssl: false }) as pg.Connection & {
      cancel(processID: number, secretKey: number): void;
      connect(port: number, host: string): void;
    };
    canceller.on("connect", () => canceller.cancel(processID, secretKey));
    canceller.connect(Number(new URL(url).port), "127.0.0.1");
    await ended;
    expect(await one(first, "select 1 as v")).toBe(1);
  });

  it("ends its clients with the server's sessions", async () => {
    const client = await connected("transaction");
    const ended = new Promise((resolve) => client.once("end", resolve));
    await database.asSuperuser(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'Supavisor'",
    );
    await ended;
    expect(await one(await connected("transaction"), "select 1 as v")).toBe(1);
  });
});

describe("the sandbox's pooler", () => {
  it("blocks both modes after ten refused logins in either, for two minutes", async () => {
    const wrong = (url: URL) => (url.password = "wrong");
    for (let times = 0; times < 10; times += 1)
      await expect(connected(times % 2 === 0 ? "session" : "transaction", wrong)).rejects.toMatchObject({
        code: "28P01",
      });
    for (const mode of ["session", "transaction"] as const)
      await expect(connected(mode)).rejects.toMatchObject({
        code: "XX000",
        message: expect.stringContaining("(ECIRCUITBREAKER)"),
      });
    now += 120_000;
    for (const mode of ["session", "transaction"] as const) await connected(mode);
  });
});

const isAsleep = async () =>
  (
    await database.asSuperuser<{ v: number }>(
      "select count(*)::int as v from pg_stat_activity where wait_event = 'PgSleep'",
    )
  )[0]?.v === 1;
