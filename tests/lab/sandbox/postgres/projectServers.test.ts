import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { endLeftovers, Supervisor } from "../../../../lab/sandbox/host/supervisor.ts";
import { withClient } from "../../../../lab/sandbox/postgres/client.ts";
import { startCluster } from "../../../../lab/sandbox/postgres/cluster.ts";
import { LocalProjectServers } from "../../../../lab/sandbox/postgres/projectServers.ts";
import { connectionUrl } from "../../../../lab/sandbox/postgres/supabase.ts";
import { isAlive } from "../../../../services/common/processes.ts";
import { makeTestFolder } from "../../../support/folder.ts";

let folder: Awaited<ReturnType<typeof makeTestFolder>>;
let processesFile: string;
let supervisor: Supervisor;
let servers: LocalProjectServers;

const REF = "abcdefghijklmnopqrst";

beforeAll(async () => {
  folder = await makeTestFolder();
  processesFile = join(folder.path, "processes.json");
  supervisor = new Supervisor(processesFile);
  servers = new LocalProjectServers(join(folder.path, "postgres"), supervisor);
  await servers.startAll();
  await servers.create(REF, "first");
});

afterAll(async () => {
  await servers.stopAll();
  await folder.remove();
});

const query = (url: string, sql: string) => withClient(url, async (client) => (await client.query<object>(sql)).rows);
const refuses = (url: string, code: string) => expect(query(url, "select 1")).rejects.toMatchObject({ code });
const urlWith = (password: string) => connectionUrl("postgres", password, servers.connection(REF)!.port);

describe("LocalProjectServers", () => {
  it("gives each project a server with its own password, which can be changed", async () => {
    expect(await query(urlWith("first"), "select current_user")).toEqual([{ current_user: "postgres" }]);
    await servers.setPassword(REF, "it's \\ second");
    await refuses(urlWith("first"), "28P01");
    await query(urlWith("it's \\ second"), "create table kept as select 1 as a");
    await servers.setPassword(REF, "first");
  });

  it("leads both addresses of a project through its pooler, and only the superuser's around it", async () => {
    const { host, port, transactionPort = 0, superuserUrl } = servers.connection(REF)!;
    const name = "select current_setting('application_name') as name";
    expect(await query(urlWith("first"), name)).toEqual([{ name: "Supavisor" }]);
    const transactions = connectionUrl("postgres", "first", transactionPort);
    expect(await query(transactions, name)).toEqual([{ name: "Supavisor" }]);
    expect(await query(superuserUrl, name)).toEqual([{ name: "" }]);
    expect([host, new Set([port, transactionPort, Number(new URL(superuserUrl).port)]).size]).toEqual(["127.0.0.1", 3]);
  });

  it("refuses a ref that exists and one that is a path", async () => {
    await expect(servers.create(REF, "x")).rejects.toThrow("exists already");
    await expect(servers.create("../evil", "x")).rejects.toThrow("no project ref");
    await expect(servers.destroy("../evil")).rejects.toThrow("no project ref");
    expect(await query(urlWith("first"), "select a from kept")).toEqual([{ a: 1 }]);
  });

  it("keeps the data of a paused project", async () => {
    const { port } = servers.connection(REF)!;
    await servers.stop(REF);
    expect(servers.connection(REF)).toBeUndefined();
    await refuses(connectionUrl("postgres", "first", port), "ECONNREFUSED");
    await servers.start(REF);
    expect(await query(urlWith("first"), "select a from kept")).toEqual([{ a: 1 }]);
  });

  it("starts again with the next daemon, also after the last one was killed", async () => {
    const pid = supervisor.pidOf(`postgres ${REF}`)!;
    // A kill -9 of the daemon leaves the server running; the next daemon ends it by the list of processes.
    expect(await endLeftovers(processesFile)).toEqual([`postgres ${REF}`]);
    expect(isAlive(pid)).toBe(false);
    // The pooler is in the daemon's own process, and ends with it.
    await servers.stopAll();
    await mkdir(join(folder.path, "postgres", "halfmade"));
    supervisor = new Supervisor(processesFile);
    servers = new LocalProjectServers(join(folder.path, "postgres"), supervisor);
    await servers.startAll();
    expect(await query(urlWith("first"), "select a from kept")).toEqual([{ a: 1 }]);
    expect(await readdir(join(folder.path, "postgres"))).toEqual([REF]);
  });

  it("leaves nothing of a destroyed project", async () => {
    const { port } = await servers.create("doomed", "x");
    const pid = supervisor.pidOf("postgres doomed")!;
    await servers.destroy("doomed");
    expect(isAlive(pid)).toBe(false);
    expect(servers.connection("doomed")).toBeUndefined();
    expect(existsSync(join(folder.path, "postgres", "doomed"))).toBe(false);
    await refuses(connectionUrl("postgres", "x", port), "ECONNREFUSED");
    await servers.destroy("doomed");
  });

  it("names the port when another program has taken it", async () => {
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const { port } = stranger.address() as { port: number };
    const [dataDir, log] = [join(folder.path, "nowhere"), join(folder.path, "log")];
    const refused = { name: "UserError", message: expect.stringContaining(`Port ${port}`) };
    await expect(startCluster({ dataDir, port, superuserPassword: "x", log })).rejects.toMatchObject(refused);
    await new Promise((resolve) => stranger.close(resolve));
  });
});

describe("copies of a server", () => {
  const OTHER = "copied";
  const url = () => connectionUrl("postgres", "pass", servers.connection(OTHER)!.port);
  const numbers = async () =>
    (await query(url(), "select n from public.t order by n")).map((row) => (row as { n: number }).n);
  const insert = (n: number) => query(url(), `insert into public.t values (${n})`);
  const later = () => new Promise((resolve) => setTimeout(resolve, 1100));

  it("bring its data back, and with the changes since to any instant", async () => {
    await servers.create(OTHER, "pass");
    await servers.keepChanges(OTHER);
    await query(url(), "create table public.t (n int)");
    await insert(1);
    await servers.saveCopy(OTHER, "1");
    await insert(2);
    await later();
    const instant = new Date();
    await later();
    await insert(3);
    await servers.restoreCopy(OTHER, "1", instant);
    expect(await numbers()).toEqual([1, 2]);
    await insert(4);
    await servers.restoreCopy(OTHER, "1");
    expect(await numbers()).toEqual([1]);
    await insert(5);
    await expect(servers.restoreCopy(OTHER, "2")).rejects.toThrow("project copied has no copy 2");
    await servers.restoreCopy(OTHER, "1");
    expect(await numbers()).toEqual([1]);
    await servers.dropCopy(OTHER, "1");
    await servers.destroy(OTHER);
  }, 60_000);
});
