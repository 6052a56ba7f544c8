import { afterEach, describe, expect, it } from "@jest/globals";

import { projectUrl, supabaseClient } from "../../services/databaseHost/supabase.ts";
import { supabaseContent } from "../../services/databaseHost/supabaseContent.ts";
import { type Reply, startTestServer } from "./support/testServer.ts";

// Answers as the services document them, where they differ from the sandbox's.
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
async function serve(...replies: Reply[]) {
  const server = await startTestServer(replies);
  stops.push(server.stop);
  return server;
}

describe("Supabase", () => {
  const pooler = {
    database_type: "PRIMARY",
    db_user: "postgres.abc",
    db_host: "aws-0.pooler.supabase.com",
    db_name: "postgres",
  };

  it("lists the transaction pooler alone: sessions are on 5432 of the same host", async () => {
    const server = await serve({ body: [{ ...pooler, pool_mode: "transaction", db_port: 6543 }] });
    const client = supabaseClient({ token: "t", endpoint: server.url });
    expect(await client.sessionPooler("abc")).toEqual({
      host: pooler.db_host,
      port: 5432,
      user: "postgres.abc",
      database: "postgres",
    });
  });

  it("names the session pooler's port itself where it lists one; a replica's is never taken", async () => {
    const body = [
      { ...pooler, database_type: "READ_REPLICA", pool_mode: "session", db_port: 1 },
      { ...pooler, pool_mode: "transaction", db_port: 6543 },
      { ...pooler, pool_mode: "session", db_port: 15432 },
    ];
    const server = await serve({ body });
    expect((await supabaseClient({ token: "t", endpoint: server.url }).sessionPooler("abc")).port).toBe(15432);
    const replica = await serve({ body: body.slice(0, 1) });
    await expect(supabaseClient({ token: "t", endpoint: replica.url }).sessionPooler("abc")).rejects.toThrow(
      /lists no pooler for the primary/,
    );
  });

  it("gives the anon key, or says where to make one", async () => {
    const server = await serve(
      {
        body: [
          { name: "default", api_key: "sb_x" },
          { name: "anon", api_key: "ey" },
        ],
      },
      { body: [] },
    );
    const client = supabaseClient({ token: "t", endpoint: server.url });
    expect(await client.anonKey("abc")).toBe("ey");
    expect(server.seen[0]!.url).toBe("/v1/projects/abc/api-keys?reveal=true");
    await expect(client.anonKey("abc")).rejects.toThrow(/create one under Settings, API keys/);
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
    ["its newer keys alone, which are no tokens", newer, "sb_publishable_1", { apikey: "sb_secret_1" }],
    ["both, where the older may be switched off", [...legacy, ...newer], "sb_publishable_1", { apikey: "sb_secret_1" }],
    ["the older alone", legacy, "ey.anon", { apikey: "ey.service", authorization: "Bearer ey.service" }],
  ])("is asked with a project's keys: %s", async (_what, keys, publicKey, expected) => {
    const server = await serve({ body: keys }, { body: keys }, { body: {} });
    expect(await supabaseClient({ token: "t", endpoint: server.url }).anonKey("abc")).toBe(publicKey);
    const content = supabaseContent({ ref: "abc", token: "t", endpoint: server.url, projectUrlTemplate: server.url });
    await content.getObject({ bucket: "b", name: "n" });
    const { apikey, authorization } = server.seen[2]!.headers;
    expect({ apikey, ...(authorization !== undefined && { authorization }) }).toEqual(expected);
  });

  it("takes no more requests than it wants within a minute, and gets all of them", async () => {
    const refused = { status: 429, headers: { "x-ratelimit-reset": "1" }, body: { message: "ThrottlerException" } };
    const server = await serve(refused, { body: [{ slug: "hello", name: "hello" }] });
    const content = supabaseContent({ ref: "abc", token: "t", endpoint: server.url, retryDelayMs: 1 });
    const begun = performance.now();
    expect((await content.functions()).map(({ slug }) => slug)).toEqual(["hello"]);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(990);
    const never = await serve({ ...refused, headers: { "retry-after": "3600" } });
    const other = supabaseContent({ ref: "abc", token: "t", endpoint: never.url, retryDelayMs: 1 });
    await expect(other.functions()).rejects.toThrow("(429): ThrottlerException");
    expect(never.seen).toHaveLength(1);
  });

  it("says where to make a key that a project doesn't have", async () => {
    const server = await serve({ body: newer.slice(0, 1) });
    const content = supabaseContent({ ref: "abc", token: "t", endpoint: server.url });
    await expect(content.getObject({ bucket: "b", name: "n" })).rejects.toThrow(
      "neither a secret key nor a service_role key for project abc: create one under Settings, API keys",
    );
  });

  it("has an address for each project", () => {
    expect(projectUrl(undefined, "abc")).toBe("https://abc.supabase.co");
    expect(projectUrl("http://127.0.0.1:1/projects/{ref}", "abc")).toBe("http://127.0.0.1:1/projects/abc");
  });

  it("never creates a project twice by trying again", async () => {
    const server = await serve({ status: 504, body: { message: "upstream" } });
    const client = supabaseClient({ token: "t", endpoint: server.url, retryDelayMs: 1 });
    await expect(client.createProject({ name: "n", organization: "o", region: "r", password: "p" })).rejects.toThrow(
      /504/,
    );
    expect(server.seen).toHaveLength(1);
    expect(JSON.parse(server.seen[0]!.body)).toEqual({
      name: "n",
      organization_slug: "o",
      db_pass: "p",
      region_selection: { type: "specific", code: "r" },
    });
  });
});
