import type { Server } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { createAdaptorServer } from "@hono/node-server";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Hono } from "hono";

import { showPlatform } from "../../../../cli/text/platformTable.ts";
import { Supervisor } from "../../../../lab/sandbox/host/supervisor.ts";
import { LocalProjectServers } from "../../../../lab/sandbox/postgres/projectServers.ts";
import { connectionUrl } from "../../../../lab/sandbox/postgres/supabase.ts";
import { readPlatformBackups } from "../../../../recovery/restore/platform/platformBackups.ts";
import { type PlatformRestoreOptions, restorePlatform } from "../../../../recovery/restore/platform/platformRestore.ts";
import { PromiseError, UserError } from "../../../../services/common/errors.ts";
import { realTiming } from "../../../../services/common/timing.ts";
import { supabaseDatabases } from "../../../../services/databaseHost/supabase.ts";
import type { Vault } from "../../../../services/vault/vault.ts";
import { pick, send, testBed, TOKEN } from "../../../lab/sandbox/emulators/support.ts";
import { listen } from "../../../services/support/testServer.ts";
import { createSupabaseEmulator } from "../../../support/emulators.ts";
import { makeTestFolder } from "../../../support/folder.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { startTestCloud } from "../../support/cloud.ts";
import { recoveryLogOf, runSql } from "../../support/sample.ts";

const PASSWORD = "a password";

/** What the API answers instead of its own answer, while it is set. `after`: once the request has been served. */
let fault: { request: RegExp; status: 401 | 503; after?: boolean; times?: number } | undefined;
/** A restore waits for this. */
let restoring: Promise<void>;

/** Servers whose restores a test can delay. */
class HeldServers extends LocalProjectServers {
  override async restoreCopy(...args: Parameters<LocalProjectServers["restoreCopy"]>) {
    await restoring;
    return await super.restoreCopy(...args);
  }
}

/** Supabase with one project that has posts and a backup. */
async function startPlatform() {
  const [bed, folder, cloud] = await Promise.all([testBed(), makeTestFolder(), startTestCloud()]);
  const servers = new HeldServers(join(folder.path, "postgres"), new Supervisor(join(folder.path, "processes.json")));
  await servers.startAll();
  const supabase = createSupabaseEmulator({ ...bed.deps, postgres: servers, clock: () => new Date() });
  const app = new Hono();
  app.all("*", async (c) => {
    const request = `${c.req.method} ${c.req.path}`;
    const hit = fault?.request.test(request) === true && (fault.times ?? 1) > 0 ? fault : undefined;
    if (hit?.times !== undefined) hit.times -= 1;
    if (hit !== undefined && hit.after !== true) return c.json({ message: "made to fail" }, hit.status);
    const answer = await supabase.app.fetch(c.req.raw);
    return hit === undefined ? answer : c.json({ message: "made to fail" }, hit.status);
  });
  const server = await listen(createAdaptorServer({ fetch: app.fetch }) as Server);
  const newProject = async () => {
    const region_selection = { type: "specific", code: "ap-northeast-1" };
    const wanted = { name: "castchat", organization_slug: "org", db_pass: PASSWORD, region_selection };
    const ref = pick(await send(supabase.app, "POST /v1/projects", wanted), "ref");
    await supabase.settled();
    const { port, superuserUrl } = servers.connection(ref)!;
    return { ref, databaseUrl: connectionUrl("postgres", PASSWORD, port), port, superuserUrl };
  };
  const project = await newProject();
  const tables = "create table public.posts (id int); create table public.applications (id int)";
  await runSql(project.databaseUrl, `${tables}; insert into public.posts values (1), (2)`);
  await supabase.backups.take(project.ref);
  return {
    ...project,
    newProject,
    ...supabase,
    vault: await cloud.newVault(),
    endpoint: server.url,
    async stop() {
      await server.stop();
      await servers.stopAll();
      await Promise.all([folder.remove(), bed.remove(), cloud.stop()]);
    },
  };
}
const platform = forSuite(startPlatform);
beforeEach(() => {
  fault = undefined;
  restoring = Promise.resolve();
  said.length = 0;
});
afterEach(() => platform.settled());

const client = (token = TOKEN) => supabaseDatabases({ token, endpoint: platform.endpoint, retryDelayMs: 5 });
const said: string[] = [];
const waiting = (limitMs: number) => ({ ...realTiming, platformRestore: { firstMs: 20, longestMs: 100, limitMs } });
const restore = (more: Partial<PlatformRestoreOptions> = {}) =>
  restorePlatform({
    databaseHost: client(),
    vault: platform.vault,
    ref: platform.ref,
    databaseUrl: platform.databaseUrl,
    choice: { backupId: 1 },
    confirm: ({ lines }) => Promise.resolve(void said.push(...lines)),
    clock: () => new Date(),
    timing: waiting(30_000),
    reporter: (message) => void said.push(message),
    ...more,
  });
/** Runs SQL in the project's database. */
const sql = <Row extends object>(text: string) => runSql<Row>(platform.databaseUrl, text);
const posts = async () => (await sql<{ id: number }>("select id from public.posts order by id")).map(({ id }) => id);
const statusOf = async () => (await client().project(platform.ref))?.status;
/** Before each test of a refusal, so that it shows whether anything was changed. */
const write = (id: number) => sql(`delete from public.posts where id > 2; insert into public.posts values (${id})`);

/** Delays restores until the returned function is called. */
function holdRestores(): () => void {
  let finish: () => void = () => undefined;
  restoring = new Promise((resolve) => (finish = resolve));
  return finish;
}

/** The recovery log's entries since the last call, oldest first. */
async function newEntries(): Promise<Record<string, unknown>[]> {
  const fresh = (await recoveryLogOf(platform.vault)).slice(seenEntries);
  seenEntries += fresh.length;
  return fresh.map(({ entry }) => entry);
}
let seenEntries = 0;

describe("restorePlatform", () => {
  it("says what it destroys, lets Supabase restore the project, and counts what is there", async () => {
    const { ref, port } = platform;
    await write(3);
    const result = await restore();
    expect(result).toMatchObject({ ref, users: 0, posts: 2, applications: 0 });
    expect(result.source).toMatch(/^Supabase's backup 1 of 20\d\d-/);
    expect(await posts()).toEqual([1, 2]);
    expect(said[0]).toContain(`replaces the whole database of Supabase project ${ref}`);
    expect(said[1]).toMatch(/^Everything written since 20.* \(0 h \d min\) is lost for good/);
    const [entry, ...more] = await newEntries();
    expect(more).toEqual([]);
    const { source, phases } = result;
    const what = "restore on the platform";
    expect(entry).toMatchObject({ what, result: "done", restoreId: `platform-${ref}`, source, phases });
    expect(entry).toMatchObject({ target: `127.0.0.1:${port}/postgres`, durationMs: expect.any(Number) });
    expect(entry).not.toHaveProperty("backupId");
    expect(result.phases.map(({ name }) => name)).toEqual(["order", "restore", "database"]);
    expect(result.notes).toEqual([]);
    expect(JSON.stringify(entry)).not.toContain(PASSWORD);
  }, 60_000);

  it("changes nothing without a confirmation, or if the wanted state does not exist", async () => {
    await write(4);
    const refusals: [Partial<PlatformRestoreOptions>, RegExp][] = [
      [{ confirm: () => Promise.reject(new UserError("not confirmed")) }, /not confirmed/],
      [{ choice: { backupId: 99 } }, /^Supabase has no backup 99 of .*: it has 1 of 20/],
      [{ choice: { at: new Date() } }, /has no point-in-time recovery, .* --backup-id 1 is the newest before that\.$/],
      [{ choice: { at: new Date("2020-01-01T00:00:00Z") } }, /has no point-in-time recovery, .*: it has 1 of 20/],
      [{ ref: "zzzzzzzzzzzzzzzzzzzz" }, /no project zzzzzzzzzzzzzzzzzzzz/],
      [{ databaseHost: client("wrong") }, /\(401\).*SUPABASE_ACCESS_TOKEN/],
    ];
    for (const [more, message] of refusals) await expect(restore(more)).rejects.toThrow(message);
    expect(await newEntries()).toEqual([]);
    fault = { request: /POST .*restore$/, status: 401 };
    await expect(restore()).rejects.toThrow(/\(401\): made to fail.* Nothing was changed\.$/);
    fault = { request: /POST .*restore$/, status: 503 };
    await expect(restore()).rejects.toThrow(/did not say whether it has begun the restore, .*ACTIVE_HEALTHY/);
    expect([await posts(), await statusOf()]).toEqual([[1, 2, 4], "ACTIVE_HEALTHY"]);
    // A refused order is logged as well.
    expect((await newEntries()).at(-1)).toMatchObject({ result: "failed", phases: [] });
  }, 60_000);

  it("keeps waiting if the API fails, and if the answer to the order is lost", async () => {
    await write(5);
    const finish = holdRestores();
    fault = { request: /POST .*restore$/, status: 503, after: true, times: 1 };
    const reporter = (message: string) => {
      said.push(message);
      if (message === "Waiting for Supabase (RESTORING)") {
        fault = { request: /GET /, status: 503, times: 6 };
        setTimeout(finish, 500);
      }
    };
    expect(await restore({ reporter })).toMatchObject({ posts: 2 });
    expect(said).toContain("Supabase gave no clear answer, but restores the project");
    expect(said.some((message) => message.startsWith("Waiting for Supabase's API to answer"))).toBe(true);
  }, 60_000);

  it("says so when the restore hangs, and the same call keeps waiting without another order", async () => {
    await write(6);
    const finish = holdRestores();
    await expectRefusal(
      restore({ timing: waiting(600) }),
      PromiseError,
      /the restore of .* is not done: it waits for Supabase \(RESTORING\)\. Supabase continues with it\. .*castchat-recovery restore/,
    );
    expect((await newEntries()).at(-1)).toMatchObject({
      result: "failed",
      failure: expect.stringContaining("is not done"),
      phases: [{ name: "order", durationMs: expect.any(Number) }],
    });
    said.length = 0;
    const again = restore({ confirm: () => Promise.reject(new Error("must not ask")) });
    setTimeout(finish, 300);
    const waited = await again;
    expect(waited).toMatchObject({ ref: platform.ref, source: undefined, posts: 2 });
    const [entry] = await newEntries();
    expect(entry).toMatchObject({ result: "done", phases: waited.phases });
    expect(waited.phases[0]).toMatchObject({ name: "restore", durationMs: expect.any(Number) });
    expect(waited.phases[0]!.durationMs).toBeGreaterThan(200);
    expect(said[0]).toContain("restores");
    expect(await posts()).toEqual([1, 2]);
  }, 60_000);

  it("says so when the restore fails", async () => {
    const other = await platform.newProject();
    await platform.backups.take(other.ref);
    restoring = Promise.reject(new Error("the copy is damaged"));
    restoring.catch(() => undefined);
    await expect(restore(other)).rejects.toThrow(/has failed \(RESTORE_FAILED\)/);
    await expect(restore(other)).rejects.toThrow(/restores only active projects/);
  }, 60_000);

  it("goes to a second if the plan can, and says which ones it can reach", async () => {
    await sql("delete from public.posts where id > 2");
    await platform.backups.enablePointInTime(platform.ref);
    await sleep(1_100);
    await sql("insert into public.posts values (7)");
    await sleep(1_100);
    const instant = new Date();
    await sleep(1_100);
    await sql("insert into public.posts values (8)");
    await expect(restore({ choice: { at: new Date("2020-01-01T00:00:00Z") } })).rejects.toThrow(
      /to any second from 20.* to 20.*, not to 2020-01-01T00:00:00\.000Z/,
    );
    const result = await restore({ choice: { at: instant } });
    expect(result).toMatchObject({ posts: 3 });
    expect(await posts()).toEqual([1, 2, 7]);
  }, 60_000);

  it("does not take a server for restored that did not answer before the order and has run all the time", async () => {
    const { ref, superuserUrl } = platform;
    // It accepts no connection until the order is out, and Supabase does not begin.
    await runSql(superuserUrl, "alter role postgres connection limit 0");
    const idle = {
      ...client(),
      project: async () => ({ ...(await client().project(ref))!, state: "healthy" as const, status: "ACTIVE_HEALTHY" }),
      restorePlatformBackup: () => Promise.resolve(),
    };
    const reporter = (message: string) => {
      if (message.startsWith("Waiting until")) void runSql(superuserUrl, "alter role postgres connection limit -1");
    };
    await expect(restore({ databaseHost: idle, reporter, timing: waiting(1_500) })).rejects.toThrow("is not done");
  });
});

describe("the recovery log", () => {
  it("does not fail the restore if it cannot be written", async () => {
    const closed: Vault = { ...platform.vault, put: () => Promise.reject(new Error("the region does not answer")) };
    const result = await restore({ vault: closed });
    expect(result.notes).toEqual([
      expect.stringMatching(/^The recovery log of the vault .* could not be written: the region does not answer/),
    ]);
    fault = { request: /POST .*restore$/, status: 401 };
    said.length = 0;
    await expect(restore({ vault: closed })).rejects.toThrow(/\(401\)/);
    expect(said.at(-1)).toMatch(/could not be written/);
  }, 60_000);
});

describe("Supabase's own backups in a list", () => {
  const read = () => readPlatformBackups(client(), platform.ref, () => new Date());
  const show = () => showPlatform(platform.ref, read);

  it("stand there with their time, kind and state, and a warning when they are old", async () => {
    const { facts, lines } = await show();
    const daily = { source: "supabase", ref: platform.ref, status: "COMPLETED", takenAt: expect.any(Date) as unknown };
    expect(facts.find(({ kind }) => kind === "daily")).toMatchObject(daily);
    expect(lines.join("\n")).toMatch(/daily +│ 20\d\d-.*│ COMPLETED/);
    expect(lines.join("\n")).not.toContain("Warning");
    const late = await showPlatform(platform.ref, async () => ({ ...(await read()), warning: "too old" }));
    expect(late.lines.at(-1)).toBe("Warning: too old");
    expect(late.facts.at(-1)).toMatchObject({ kind: "warning", message: "too old" });
  });

  it("leave a line with the reason if they are not available", async () => {
    fault = { request: /GET .*backups/, status: 503 };
    const { facts, lines } = await show();
    expect(lines).toEqual([expect.stringMatching(/^Supabase's own backups of project .* could not be listed: .*503/)]);
    expect(facts).toEqual([expect.objectContaining({ source: "supabase", kind: "unavailable" })]);
  });
});
