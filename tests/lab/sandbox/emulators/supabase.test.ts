import type { Server } from "node:http";

import { createAdaptorServer } from "@hono/node-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { type SupabaseEmulator } from "../../../../lab/sandbox/emulators/supabase.ts";
import { SANDBOX_PLATFORM } from "../../../../lab/sandbox/emulators/supabaseState.ts";
import { withClient } from "../../../../lab/sandbox/postgres/client.ts";
import type { LiveDatabase } from "../../../../recovery/site/existingDatabase.ts";
import { fencePrimary } from "../../../../recovery/site/fencePrimary.ts";
import type { AppHost } from "../../../../services/appHost/appHost.ts";
import { supabaseDatabases } from "../../../../services/databaseHost/supabase.ts";
import { runSql } from "../../../recovery/support/sample.ts";
import { listen } from "../../../services/support/testServer.ts";
import { createSupabaseEmulator } from "../../../support/emulators.ts";
import { startTestDatabase, type TestDatabase } from "../../../support/postgres.ts";
import { type Answer, clientOf, giving, pick, routesOf, send, type TestBed, testBed, TOKEN } from "./support.ts";

const WANTED = {
  name: "castchat",
  organization_slug: "org",
  db_pass: "first password",
  region_selection: { type: "specific", code: "ap-northeast-2" },
};

describe("Supabase's emulator", () => {
  let bed: TestBed;
  let supabase: SupabaseEmulator;
  beforeEach(async () => {
    bed = await testBed();
    supabase = createSupabaseEmulator(bed.deps);
  });
  afterEach(async () => {
    await supabase.settled();
    await bed.remove();
  });
  const { call, gives } = clientOf(() => supabase.app);
  const create = async () => {
    const made = await call("POST /v1/projects", WANTED);
    await supabase.settled();
    return { made, ref: pick(made, "ref") };
  };

  it("refuses every route without a token or key and with a wrong one", async () => {
    const { ref } = await create();
    const routes = routesOf(supabase.app, "").map((route) => route.replace("/projects/x", `/projects/${ref}`));
    expect(routes.length).toBeGreaterThan(16);
    for (const route of [...routes, "GET /nowhere", `GET /projects/${ref}/rest/v1/users`]) {
      const own = route.includes(" /projects/");
      const none = await send(supabase.app, route, undefined, {});
      const wrong = await send(supabase.app, route, undefined, { authorization: "Bearer wrong", apikey: TOKEN });
      expect({ route, none, wrong }).toMatchObject({
        none: { status: 401, body: { message: own ? "No API key found in request" : "Unauthorized" } },
        wrong: { status: 401, body: { message: own ? "Invalid API key" : "Unauthorized" } },
      });
    }
  });

  it("brings a project up in the background, and accepts another of the same name", async () => {
    const { made, ref } = await create();
    expect(made).toMatchObject({
      status: 201,
      body: { id: ref, name: "castchat", organization_slug: "org", region: "ap-northeast-2", status: "COMING_UP" },
    });
    expect(ref).toMatch(/^[a-z]{20}$/);
    expect(bed.postgres.log).toEqual(["create first password"]);
    await gives(`GET /v1/projects/${ref}`, 200, { status: "ACTIVE_HEALTHY", created_at: "2026-01-02T03:04:05.000Z" });
    const poolers = (maxClients: number) =>
      [
        { mode: "session", port: 5432 },
        { mode: "transaction", port: 6543 },
      ].map(({ mode, port }) => ({
        pool_mode: mode,
        db_host: "127.0.0.1",
        db_port: port,
        db_user: "postgres",
        db_name: "postgres",
        connection_string: `postgresql://postgres:[YOUR-PASSWORD]@127.0.0.1:${port}/postgres?sslmode=disable`,
        default_pool_size: 15,
        max_client_conn: maxClients,
      }));
    await gives(`GET /v1/projects/${ref}/config/database/pooler`, 200, poolers(200));
    const medium = { addon_type: "compute_instance", addon_variant: "ci_medium" };
    await gives([`PATCH /v1/projects/${ref}/billing/addons`, medium], 200);
    await gives(`GET /v1/projects/${ref}/config/database/pooler`, 200, poolers(600));
    expect(supabase.poolerLimits(ref)).toEqual({ poolSize: 15, maxClients: 600 });
    await create();
    await gives("GET /v1/projects", 200, [{ name: "castchat" }, { name: "castchat" }]);
    await gives("GET /v1/organizations", 200, [{ slug: "org" }]);
  });

  it("reports the fault of a request in Supabase's form", async () => {
    for (const missing of ["name", "organization_slug", "db_pass", "region_selection"]) {
      const body = Object.fromEntries(Object.entries(WANTED).filter(([key]) => key !== missing));
      await gives(["POST /v1/projects", body], 400, { message: expect.stringContaining(missing) });
    }
    // Osaka is a region of AWS, but not of Supabase.
    const osaka = { ...WANTED, region_selection: { type: "specific", code: "ap-northeast-3" } };
    await gives(["POST /v1/projects", osaka], 400, { message: expect.stringContaining("received 'ap-northeast-3'") });
    await gives("GET /v1/projects/none", 404, { message: "Project not found" });
    const { ref } = await create();
    await gives(`GET /v1/projects/${ref}/health`, 400);
    await gives(`GET /v1/projects/${ref}/health?services=none`, 400);
    await gives([`PATCH /v1/projects/${ref}/database/password`, { password: "abc" }], 400);
  });

  it("shows a project as failed if its server can't be created", async () => {
    bed.postgres.failing = true;
    const { ref } = await create();
    await gives(`GET /v1/projects/${ref}`, 200, { status: "INIT_FAILED" });
    await gives(`GET /v1/projects/${ref}/config/database/pooler`, 400);
    await gives(`DELETE /v1/projects/${ref}`, 200);
  });

  it("takes its own daily backup, lists it, and restores a project from it", async () => {
    const { ref } = await create();
    const list = () => call(`GET /v1/projects/${ref}/database/backups`);
    const at = (time: string) => (bed.deps.clock = () => new Date(time));
    await supabase.backups.takeDue();
    expect(await list()).toMatchObject({ body: { pitr_enabled: false, backups: [], physical_backup_data: {} } });
    at("2026-01-03T01:59:59Z");
    await supabase.backups.takeDue();
    expect(await list()).toMatchObject({ body: { backups: [] } });
    at("2026-01-03T02:00:30Z");
    await supabase.backups.takeDue();
    await supabase.backups.takeDue();
    expect(await list()).toMatchObject({
      status: 200,
      body: {
        region: "ap-northeast-2",
        backups: [{ id: 1, is_physical_backup: true, status: "COMPLETED", inserted_at: "2026-01-03T02:00:30.000Z" }],
      },
    });
    for (const day of ["04", "05", "06", "07", "08", "09", "10"]) {
      at(`2026-01-${day}T02:01:00Z`);
      await supabase.backups.takeDue();
    }
    const { body } = await list();
    expect((body as { backups: { id: number }[] }).backups.map(({ id }) => id)).toEqual([8, 7, 6, 5, 4, 3, 2]);
    expect(bed.postgres.log).toContain("drop 1");

    const restoring = `POST /v1/projects/${ref}/database/backups/restore`;
    await gives([restoring, { id: 1 }], 404);
    await gives([restoring, {}], 400);
    let finish: () => void = () => undefined;
    bed.postgres.restoring = new Promise((resolve) => (finish = resolve));
    await gives([restoring, { id: 3 }], 201);
    await gives(`GET /v1/projects/${ref}`, 200, { status: "RESTORING" });
    await gives([restoring, { id: 3 }], 400);
    finish();
    await supabase.settled();
    await gives(`GET /v1/projects/${ref}`, 200, { status: "ACTIVE_HEALTHY" });
    expect(bed.postgres.log).toContain("restore 3");
  });

  it("restores to a second if the plan allows it, and shows a failed restore", async () => {
    const { ref } = await create();
    const restoring = `POST /v1/projects/${ref}/database/backups/restore-pitr`;
    const second = (time: string) => ({ recovery_time_target_unix: Date.parse(time) / 1000 });
    await gives([restoring, second("2026-01-02T03:04:05Z")], 400);
    await supabase.backups.enablePointInTime(ref);
    bed.deps.clock = () => new Date("2026-01-02T05:00:00Z");
    await gives(`GET /v1/projects/${ref}/database/backups`, 200, {
      pitr_enabled: true,
      physical_backup_data: {
        earliest_physical_backup_date_unix: Date.parse("2026-01-02T03:04:05Z") / 1000,
        latest_physical_backup_date_unix: Date.parse("2026-01-02T05:00:00Z") / 1000,
      },
    });
    for (const outside of ["2026-01-02T03:04:04Z", "2026-01-02T05:00:01Z"])
      await gives([restoring, second(outside)], 400);
    bed.postgres.failing = true;
    await gives([restoring, second("2026-01-02T04:00:00Z")], 201);
    await supabase.settled();
    expect(bed.postgres.log).toContain("restore 1 until 2026-01-02T04:00:00.000Z");
    await gives(`GET /v1/projects/${ref}`, 200, { status: "RESTORE_FAILED" });
  });

  it("reports a lost database as unhealthy", async () => {
    const { ref } = await create();
    const health = `GET /v1/projects/${ref}/health?services=db&services=auth`;
    const unhealthy = { healthy: false, status: "UNHEALTHY" };
    await gives(health, 200, [
      { name: "db", ...unhealthy },
      { name: "auth", ...unhealthy },
    ]);
    bed.postgres.up.clear();
    await gives(health, 200, [{ error: "the database server is not running" }, unhealthy]);
  });

  it("pauses, restores, changes the password and deletes", async () => {
    supabase = createSupabaseEmulator(bed.deps, { ...SANDBOX_PLATFORM, plan: "free" });
    const { ref } = await create();
    const status = async () => pick(await call(`GET /v1/projects/${ref}`), "status");
    await gives(`POST /v1/projects/${ref}/restore`, 400);
    await call(`PATCH /v1/projects/${ref}/database/password`, { password: "second" });
    await call(`POST /v1/projects/${ref}/pause`);
    await supabase.settled();
    expect([await status(), bed.postgres.up.size]).toEqual(["INACTIVE", 0]);
    await gives([`PATCH /v1/projects/${ref}/database/password`, { password: "third" }], 400);
    await call(`POST /v1/projects/${ref}/restore`);
    await supabase.settled();
    expect([await status(), bed.postgres.up.size]).toEqual(["ACTIVE_HEALTHY", 1]);
    await gives(`GET /v1/projects/${ref}/database/backups`, 200, { backups: [], pitr_enabled: false });
    await gives(`DELETE /v1/projects/${ref}`, 200, { ref });
    await gives(`GET /v1/projects/${ref}`, 404);
    expect(bed.postgres.log).toEqual(["create first password", "password second", "destroy"]);
  });

  it("keeps its state and its keys over a restart, and continues with projects that were coming up", async () => {
    const { ref } = await create();
    const keys = await gives(`GET /v1/projects/${ref}/api-keys?reveal=true`, 200, [
      { name: "anon" },
      { name: "service_role" },
    ]);
    await gives(`GET /v1/projects/${ref}/api-keys`, 200, [{ api_key: null }, { api_key: null }]);
    const answers = bed.postgres.create.bind(bed.postgres);
    bed.postgres.create = () => new Promise(() => undefined);
    const second = pick(await call("POST /v1/projects", { ...WANTED, db_pass: "kept" }), "ref");
    bed.postgres.create = answers;
    supabase = createSupabaseEmulator(bed.deps);
    expect(await call(`GET /v1/projects/${ref}/api-keys?reveal=true`)).toEqual(keys);
    await gives(`GET /v1/projects/${second}`, 200, { status: "COMING_UP" });
    supabase.resume();
    await supabase.settled();
    expect(bed.postgres.log).toContain("create kept");
    await gives(`GET /v1/projects/${second}`, 200, { status: "ACTIVE_HEALTHY" });
  });

  it("pauses no project of a paid plan, which the fence of a recovery reports in a sentence", async () => {
    const { ref } = await create();
    await gives("GET /v1/organizations/org", 200, { plan: "pro" });
    await gives(`POST /v1/projects/${ref}/pause`, 400, { message: "Projects of a paid plan cannot be paused" });
    await gives(`GET /v1/projects/${ref}`, 200, { status: "ACTIVE_HEALTHY" });
    const server = await listen(createAdaptorServer({ fetch: supabase.app.fetch }) as Server);
    const databaseHost = supabaseDatabases({ token: TOKEN, endpoint: server.url, retryDelayMs: 1 });
    const ports = {
      databaseHost: () => databaseHost,
      appHost: () => ({}) as AppHost,
      stopWrites: () => Promise.resolve("its writes are stopped"),
    };
    const names = { organization: "org", databaseName: "castchat", appProjects: [] };
    const { signal } = new AbortController();
    const fence = async (live?: LiveDatabase) => {
      const said: string[] = [];
      await fencePrimary(ports, { ...names, live }, signal, (line) => said.push(line));
      return said[0];
    };
    const refusal = `Supabase refused POST /v1/projects/${ref}/pause (400): Projects of a paid plan cannot be paused.`;
    expect(await fence()).toBe(`could not fence the primary's database: ${refusal}`);
    // Over SQL it needs no pause.
    expect(await fence({ ref, connectionString: "" })).toBe(
      `fenced the primary's database: its writes are stopped; not done: ${refusal}`,
    );
    await server.stop();
  });

  it("returns a function in other bytes where the platform encodes it again", async () => {
    supabase = createSupabaseEmulator(bed.deps);
    const { ref } = await create();
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/vnd.denoland.eszip" };
    const path = `/v1/projects/${ref}/functions`;
    await send(supabase.app, `POST ${path}?slug=hello&name=Hello`, "ESZIP2.3\0\0\0\x04 code", headers);
    const got = await supabase.app.request(`${path}/hello/body`, { headers });
    expect(await got.text()).toBe("ESZIP2.3\0\0\0\x04 code\0");
  });

  describe("a project's auth", () => {
    let database: TestDatabase;
    const user = "11111111-2222-4333-8444-555555555555";
    beforeAll(async () => {
      database = await startTestDatabase();
      await runSql(
        database.superuserUrl,
        `insert into auth.users (id, email, encrypted_password, email_confirmed_at, raw_user_meta_data, created_at, updated_at)
         values ('${user}', 'a@castchat.example', extensions.crypt('correct horse', extensions.gen_salt('bf', 4)), now(), '{"name":"絵"}', now(), now()),
                (gen_random_uuid(), 'new@castchat.example', extensions.crypt('correct horse', extensions.gen_salt('bf', 4)), null, null, now(), now()),
                (gen_random_uuid(), 'none@castchat.example', '', now(), null, now(), now())`,
      );
    });
    afterAll(() => database.stop());

    let base = "";
    let anon = "";
    beforeEach(async () => {
      bed.postgres.superuserUrl = database.superuserUrl;
      const { ref } = await create();
      base = `/projects/${ref}/auth/v1`;
      anon = pick(await call(`GET /v1/projects/${ref}/api-keys?reveal=true`), "0.api_key");
    });
    const login = (email: string, password: string) =>
      send(supabase.app, `POST ${base}/token?grant_type=password`, { email, password }, { apikey: anon });
    const givesAnon = giving((request, sent) => send(supabase.app, request, sent, { apikey: anon }));
    const refuses = async (answer: Promise<Answer>, status: number, code: string) =>
      expect(await answer).toMatchObject({ status, body: { error_code: code } });
    const whoIs = (token: string) =>
      send(supabase.app, `GET ${base}/user`, undefined, { apikey: anon, authorization: `Bearer ${token}` });

    it("makes a database read-only that has outgrown its disk, and says so", async () => {
      const { ref } = await create();
      await gives(`GET /v1/projects/${ref}/readonly`, 200, { enabled: false });
      supabase = createSupabaseEmulator(bed.deps, { ...SANDBOX_PLATFORM, diskBytes: 1 });
      await gives(`GET /v1/projects/${ref}/readonly`, 200, { enabled: true });
      await supabase.watchDisks();
      // The product's sessions ask for write access by themselves; the app's do not.
      const write = () =>
        withClient(database.superuserUrl, (client) =>
          client.query("create table public.more (); drop table public.more"),
        );
      await expect(write()).rejects.toMatchObject({ code: "25006" });
      supabase = createSupabaseEmulator(bed.deps);
      await supabase.watchDisks();
      await write();
    });

    it("logs in with the right password, and recognizes its session", async () => {
      const session = await login("A@castchat.example", "correct horse");
      expect(session).toMatchObject({
        status: 200,
        body: { token_type: "bearer", expires_in: 3600, user: { id: user, user_metadata: { name: "絵" } } },
      });
      expect(JSON.stringify(session)).not.toContain("encrypted_password");
      expect(await whoIs(pick(session, "access_token"))).toMatchObject({
        status: 200,
        body: { id: user, email: "a@castchat.example" },
      });
      await givesAnon(`GET ${base}/health`, 200, { name: "GoTrue" });
    });

    it("ends a session after an hour", async () => {
      const token = pick(await login("a@castchat.example", "correct horse"), "access_token");
      bed.deps.clock = () => new Date("2026-01-02T04:04:04Z");
      expect(await whoIs(token)).toMatchObject({ status: 200 });
      bed.deps.clock = () => new Date("2026-01-02T04:04:05Z");
      await refuses(whoIs(token), 403, "bad_jwt");
    });

    it("leaves the database unchanged", async () => {
      const content = () => runSql(database.superuserUrl, "select u::text from auth.users u order by id");
      const before = await content();
      await login("a@castchat.example", "correct horse");
      expect(await content()).toEqual(before);
      expect(await runSql(database.superuserUrl, "select from auth.sessions")).toEqual([]);
    });

    it("refuses as GoTrue does", async () => {
      const invalid = {
        status: 400,
        body: { code: 400, error_code: "invalid_credentials", msg: "Invalid login credentials" },
      };
      expect(await login("a@castchat.example", "wrong")).toEqual(invalid);
      expect(await login("unknown@castchat.example", "correct horse")).toEqual(invalid);
      expect(await login("none@castchat.example", "")).toEqual(invalid);
      await refuses(login("new@castchat.example", "correct horse"), 400, "email_not_confirmed");
      await givesAnon([`POST ${base}/token?grant_type=other`, {}], 400, { error_code: "unsupported_grant_type" });
      await givesAnon([`POST ${base}/token?grant_type=password`, {}], 400, { error_code: "validation_failed" });
      await refuses(whoIs("x.y.z"), 403, "bad_jwt");
      await refuses(whoIs(anon), 403, "bad_jwt");
      await givesAnon(`GET ${base}/user`, 401, { error_code: "no_authorization" });
    });

    it("refuses a session of another project", async () => {
      const token = pick(await login("a@castchat.example", "correct horse"), "access_token");
      const { ref } = await create();
      base = `/projects/${ref}/auth/v1`;
      expect(await whoIs(token)).toMatchObject({ status: 401, body: { message: "Invalid API key" } });
      anon = pick(await call(`GET /v1/projects/${ref}/api-keys?reveal=true`), "0.api_key");
      await refuses(whoIs(token), 403, "bad_jwt");
    });

    it("is healthy with a healthy database, and fails without it", async () => {
      const health = base
        .replace("/projects", "GET /v1/projects")
        .replace("/auth/v1", "/health?services=db&services=auth");
      await gives(health, 200, [{ healthy: true, status: "ACTIVE_HEALTHY" }, { healthy: true }]);
      bed.postgres.up.clear();
      await refuses(login("a@castchat.example", "correct horse"), 500, "unexpected_failure");
    });
  });
});
