import { describe, expect, it } from "@jest/globals";

import { type SupabaseEmulator } from "../../../lab/sandbox/emulators/supabase.ts";
import { SANDBOX_PLATFORM } from "../../../lab/sandbox/emulators/supabaseState.ts";
import { supabaseDatabases } from "../../../services/databaseHost/supabase.ts";
import { supabaseContent } from "../../../services/databaseHost/supabaseContent.ts";
import { TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { startProject, stopProject } from "../../recovery/support/project.ts";
import { runSql } from "../../recovery/support/sample.ts";
import { createSupabaseEmulator } from "../../support/emulators.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { type Reply, serve } from "../support/testServer.ts";
import { conformsToDatabaseHost } from "./conformance.ts";
import { conformsToProjectContent } from "./contentConformance.ts";

conformsToDatabaseHost("Supabase", async () => {
  const emulators: SupabaseEmulator[] = [];
  const host = await startEmulatorHost((deps) => {
    // Of a plan that may pause a project.
    const emulator = createSupabaseEmulator(deps, { ...SANDBOX_PLATFORM, plan: "free" });
    emulators.push(emulator);
    return emulator;
  }, supabaseDatabases);
  const { backups } = emulators[0]!;
  return {
    ...host,
    region: "ap-northeast-1",
    takePlatformBackup: (ref) => backups.take(ref),
    enablePointInTime: (ref) => backups.enablePointInTime(ref),
    lastRestore: () => {
      const { log } = host.bed.postgres;
      const own = log.slice(log.lastIndexOf("create long-password"));
      return Promise.resolve(own.find((line) => line.startsWith("restore ")));
    },
  };
});

conformsToProjectContent("Supabase", async () => {
  const project = await startProject();
  await runSql(project.database.url, "insert into storage.buckets (id, name) values ('files', 'files')");
  const tokens = { right: TOKEN, wrong: "wrong-and-secret" };
  return {
    url: project.address,
    open: (endpoint, token) =>
      supabaseContent({
        ref: project.ref,
        token: token && tokens[token],
        endpoint,
        retryDelayMs: 1,
        projectUrlTemplate: `${endpoint}/projects/{ref}`,
      }),
    stop: () => stopProject(project),
  };
});

// Answers as Supabase documents them, where they differ from the sandbox's.
describe("Supabase", () => {
  const answering = async (...replies: Reply[]) => {
    const server = await serve(...replies);
    const access = { token: "t", endpoint: server.url, retryDelayMs: 1 };
    const content = supabaseContent({ ...access, ref: "abc", projectUrlTemplate: server.url });
    return { server, content, host: supabaseDatabases(access) };
  };
  const address = { db_user: "postgres.abc", db_host: "aws-0.pooler.supabase.com", db_name: "postgres" };
  const pooler = { database_type: "PRIMARY", ...address };

  it("lists only the transaction pooler: sessions are on 5432 of the same host", async () => {
    const { host } = await answering({ body: [{ ...pooler, pool_mode: "transaction", db_port: 6543 }] });
    const expected = { host: pooler.db_host, port: 5432, user: "postgres.abc", database: "postgres" };
    expect(await host.sessionAddress("abc")).toEqual(expected);
  });

  it("names the session pooler's port itself where it lists one; a replica's is never taken", async () => {
    const body = [
      { ...pooler, database_type: "READ_REPLICA", pool_mode: "session", db_port: 1 },
      { ...pooler, pool_mode: "transaction", db_port: 6543 },
      { ...pooler, pool_mode: "session", db_port: 15432 },
    ];
    const { host } = await answering({ body }, { body: body.slice(0, 1) });
    expect((await host.sessionAddress("abc")).port).toBe(15432);
    await expect(host.sessionAddress("abc")).rejects.toThrow(/lists no pooler for the primary/);
  });

  it("logs a user in with the public key, and never with its own token", async () => {
    const keys = { body: [{ name: "anon", api_key: "ey" }] };
    const refusal = { status: 400, body: { error_code: "invalid_credentials", msg: "Invalid login credentials" } };
    const server = await serve(keys, { body: { access_token: "session" } }, keys, refusal);
    const host = supabaseDatabases({ token: "t", endpoint: server.url, projectUrlTemplate: `${server.url}/{ref}` });
    const user = { email: "a@example.com", password: "hunter2" };
    expect(await host.logIn("abc", user)).toBe("session");
    expect(server.seen[1]).toMatchObject({
      url: "/abc/auth/v1/token?grant_type=password",
      headers: { authorization: "Bearer ey", apikey: "ey" },
      body: JSON.stringify(user),
    });
    const refused = host.logIn("abc", user);
    await expect(refused).rejects.toThrow(/Invalid login credentials/);
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });

  it("gives the anon key, or says where to make one", async () => {
    const [newer, older] = [
      { name: "default", api_key: "sb_x" },
      { name: "anon", api_key: "ey" },
    ];
    const { server, host } = await answering({ body: [newer, older] }, { body: [] });
    expect(await host.publicKey("abc")).toBe("ey");
    expect(server.seen[0]!.url).toBe("/v1/projects/abc/api-keys?reveal=true");
    await expect(host.publicKey("abc")).rejects.toThrow(/create one under Settings, API keys/);
  });

  const legacy = [
    { name: "anon", type: "legacy", api_key: "ey.anon" },
    { name: "service_role", type: "legacy", api_key: "ey.service" },
  ];
  const newer = [
    { name: "default", type: "publishable", api_key: "sb_publishable_1", secret_jwt_template: null },
    { name: "hidden", type: "secret", api_key: null, secret_jwt_template: { role: "service_role" } },
    { name: "other", type: "secret", api_key: "sb_secret_other", secret_jwt_template: { role: "reporting" } },
    { name: "default", type: "secret", api_key: "sb_secret_1", secret_jwt_template: { role: "service_role" } },
  ];

  it.each([
    ["only its newer keys, which are no tokens", newer, "sb_publishable_1", { apikey: "sb_secret_1" }],
    ["both, where the older may be switched off", [...legacy, ...newer], "sb_publishable_1", { apikey: "sb_secret_1" }],
    ["only the older", legacy, "ey.anon", { apikey: "ey.service", authorization: "Bearer ey.service" }],
  ])("is asked with a project's keys: %s", async (_what, keys, publicKey, expected) => {
    const { server, content, host } = await answering({ body: keys }, { body: keys }, { body: {} });
    expect(await host.publicKey("abc")).toBe(publicKey);
    await content.getObject({ bucket: "b", name: "n" });
    const { apikey, authorization } = server.seen[2]!.headers;
    expect({ apikey, ...(authorization !== undefined && { authorization }) }).toEqual(expected);
  });

  it("takes no more requests than it wants within a minute, and gets all of them", async () => {
    const refused = { status: 429, headers: { "x-ratelimit-reset": "1" }, body: { message: "ThrottlerException" } };
    const { content } = await answering(refused, { body: [{ slug: "hello", name: "hello" }] });
    const begun = performance.now();
    expect((await content.functions()).map(({ slug }) => slug)).toEqual(["hello"]);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(990);
    const never = await answering({ ...refused, headers: { "retry-after": "3600" } });
    await expect(never.content.functions()).rejects.toThrow("(429): ThrottlerException");
    expect(never.server.seen).toHaveLength(1);
  });

  it("says where to make a key that a project doesn't have", async () => {
    const { content } = await answering({ body: newer.slice(0, 1) });
    const hint = "neither a secret key nor a service_role key for project abc: create one under Settings, API keys";
    await expect(content.getObject({ bucket: "b", name: "n" })).rejects.toThrow(hint);
  });

  it("has an address for each project", () => {
    expect(supabaseDatabases({ token: "t" }).apiUrl("abc")).toBe("https://abc.supabase.co");
    const projectUrlTemplate = "http://127.0.0.1:1/projects/{ref}";
    expect(supabaseDatabases({ token: "t", projectUrlTemplate }).apiUrl("abc")).toBe("http://127.0.0.1:1/projects/abc");
  });

  it("shows a project's state, and none that was removed", async () => {
    const words = {
      ACTIVE_HEALTHY: "healthy",
      COMING_UP: "changing",
      ACTIVE_UNHEALTHY: "changing",
      RESTORING: "restoring",
      INACTIVE: "paused",
      PAUSING: "paused",
      PAUSE_FAILED: "pause failed",
      GOING_DOWN: "going down",
      INIT_FAILED: "failed",
      RESTORE_FAILED: "failed",
    };
    const project = (status: string) => ({ id: status, name: "n", region: "r", created_at: "2026-01-01", status });
    const all = [...Object.keys(words), "REMOVED"].map(project);
    const { host } = await answering({ body: all }, { body: project("REMOVED") });
    const seen = (await host.projects()).map(({ status, state }) => [status, state]);
    expect(Object.fromEntries(seen)).toEqual(words);
    expect(await host.project("REMOVED")).toBeUndefined();
  });

  it("shows a hash in place of some settings of the auth service", () => {
    const { isSecretSetting } = supabaseContent({ ref: "abc", token: "t" });
    const secrets = ["smtp_pass", "sms_textlocal_api_key", "external_google_secret", "hook_send_sms_secrets"];
    expect(secrets.filter(isSecretSetting)).toEqual(secrets);
    expect(["site_url", "smtp_user", "jwt_exp", "external_google_client_id"].filter(isSecretSetting)).toEqual([]);
  });

  it("never creates a project twice by trying again", async () => {
    const { server, host } = await answering({ status: 504, body: { message: "upstream" } });
    const wanted = { name: "n", organization: "o", region: "r", password: "p" };
    await expect(host.createProject(wanted)).rejects.toThrow(/504/);
    expect(server.seen).toHaveLength(1);
    expect(JSON.parse(server.seen[0]!.body)).toEqual({
      name: "n",
      organization_slug: "o",
      db_pass: "p",
      region_selection: { type: "specific", code: "r" },
    });
  });
});
