import { describe, expect, it } from "@jest/globals";
import { z } from "zod";

import { segment, ServiceError, unlessNotFound, UnreachableError } from "../../../services/http/http.ts";
import { jsonClient } from "../../../services/http/jsonClient.ts";
import { type Reply, serve } from "../support/testServer.ts";

const answer = z.object({ ok: z.boolean() });
const GET = { method: "GET" as const, path: "/x", answer };
const said = z.object({ error: z.object({ message: z.string(), code: z.string() }) });

async function client(replies: Reply[], options: { timeoutMs?: number } = {}) {
  const server = await serve(...replies);
  const call = jsonClient({
    name: "Testing",
    baseUrl: `${server.url}/base/`,
    token: "sesame-open-sesame",
    tokenName: "TEST_TOKEN",
    describeError: (body) => said.safeParse(body).data?.error ?? {},
    retryDelayMs: 1,
    ...options,
  });
  return { server, call };
}

const failure = (status: number, message = "no luck", headers?: Record<string, string>): Reply => ({
  status,
  body: { error: { message, code: "E" } },
  ...(headers && { headers }),
});

describe("a request", () => {
  it("carries the token, the query (repeated keys too) and the JSON body", async () => {
    const { server, call } = await client([{ body: { ok: true } }]);
    const query = { services: ["db", "auth"], none: undefined, n: 3 };
    const sent = call({ method: "POST", path: `/a/${segment("b/c")}`, query, body: { x: 1 }, answer });
    expect(await sent).toEqual({ ok: true });
    expect(server.seen[0]).toMatchObject({
      method: "POST",
      url: "/base/a/b%2Fc?services=db&services=auth&n=3",
      body: '{"x":1}',
      headers: { authorization: "Bearer sesame-open-sesame", "content-type": "application/json" },
    });
  });

  it("waits longer for an answer to more bytes, since a slow connection takes time to send them", async () => {
    const { call } = await client([{ hang: true }], { timeoutMs: 10 });
    const post = (body: unknown) => call({ method: "POST", path: "/files", body, answer });
    await expect(post({ small: true })).rejects.toThrow("no answer within 0.01 s");
    await expect(post(Buffer.alloc(5_000))).rejects.toThrow("no answer within 0.06 s");
  });

  it("sends bytes as they are", async () => {
    const { server, call } = await client([{ body: { ok: true } }]);
    const headers = { "content-type": "application/octet-stream" };
    await call({ method: "POST", path: "/files", body: Buffer.from("héllo"), headers, answer });
    expect(server.seen[0]).toMatchObject({ body: "héllo", headers: { "content-type": "application/octet-stream" } });
  });

  it("does not carry the token to where a redirect leads", async () => {
    const elsewhere = await serve({ body: { ok: true } });
    const { call } = await client([{ status: 302, headers: { location: elsewhere.url } }]);
    const followed = call({ method: "POST", path: "/", answer });
    await expect(followed).rejects.toMatchObject({ name: "ServiceError", status: 302 });
    expect(elsewhere.seen).toHaveLength(0);
  });
});

describe("an error", () => {
  it("is one sentence with the service's own words, its code, and a hint for a refused token; never the token", async () => {
    const { call } = await client([failure(403, "Not authorized: Bearer sesame-open-sesame.")]);
    const error = await call(GET).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ status: 403, code: "E" });
    expect((error as Error).message).toBe(
      "Testing refused GET /x (403): Not authorized: Bearer [secret]. Check TEST_TOKEN: docs/accounts.md lists its rights. Replace it if it lacks one. Type: read -rs TEST_TOKEN && export TEST_TOKEN (then paste it)",
    );
  });

  it("distinguishes what does not exist from what cannot be reached", async () => {
    const { call } = await client([failure(404)]);
    expect(await unlessNotFound(call(GET))).toBeUndefined();
    await expect(call(GET)).rejects.toMatchObject({ status: 404 });
    await expect(unlessNotFound(Promise.reject(new UnreachableError("x")))).rejects.toThrow(UnreachableError);
  });

  it("names the field of an answer that is not understood", async () => {
    const { call } = await client([{ body: { ok: "yes" } }]);
    await expect(call(GET)).rejects.toThrow(/in a form that is not understood: ok: /);
  });

  it("shows a body that is no JSON", async () => {
    const { call } = await client([{ status: 418, body: "<h1>teapot</h1>" }]);
    await expect(call(GET)).rejects.toThrow("Testing refused GET /x (418): <h1>teapot</h1>.");
  });
});

describe("another attempt", () => {
  it("is made after 5xx and 429, with the wait that the service asks for", async () => {
    const slowDown = failure(429, "slow down", { "retry-after": "0" });
    const { server, call } = await client([failure(502), slowDown, { body: { ok: true } }]);
    expect(await call(GET)).toEqual({ ok: true });
    expect(server.seen).toHaveLength(3);
  });

  it("is made when the service's count begins again, by Supabase's header", async () => {
    const { server, call } = await client([
      failure(429, "Too Many Requests", { "x-ratelimit-limit": "120", "x-ratelimit-reset": "1" }),
      { body: { ok: true } },
    ]);
    const begun = performance.now();
    expect(await call(GET)).toEqual({ ok: true });
    expect(performance.now() - begun).toBeGreaterThanOrEqual(990);
    expect(server.seen).toHaveLength(2);
  });

  it("is made soon where a service gives the moment instead, as GitHub and Vercel do", async () => {
    const moment = String(Math.floor(Date.now() / 1000) + 30);
    const { call } = await client([failure(429, "slow down", { "x-ratelimit-reset": moment }), { body: { ok: true } }]);
    const begun = performance.now();
    expect(await call(GET)).toEqual({ ok: true });
    expect(performance.now() - begun).toBeLessThan(900);
  });

  it.each([
    ["a POST that may have been carried out", "POST" as const, failure(500)],
    ["what the service refuses", "GET" as const, failure(400)],
    ["a service that wants an hour", "GET" as const, failure(429, "later", { "retry-after": "3600" })],
  ])("is not made for %s", async (_what, method, reply) => {
    const { server, call } = await client([reply]);
    await expect(call({ method, path: "/x", answer })).rejects.toThrow(ServiceError);
    expect(server.seen).toHaveLength(1);
  });

  it("is made for a POST that the caller calls repeatable", async () => {
    const { server, call } = await client([failure(503), { body: { ok: true } }]);
    await call({ method: "POST", path: "/x", repeatable: true, answer });
    expect(server.seen).toHaveLength(2);
  });
});

describe("no answer", () => {
  it("is an UnreachableError with the reason", async () => {
    const { server, call } = await client([{}]);
    await server.stop();
    const cause = `connect ECONNREFUSED ${server.url.slice("http://".length)}.`;
    await expect(call(GET)).rejects.toThrow(`Testing cannot be reached at ${server.url}/base/ (GET /x): ${cause}`);
  });

  it("within the time limit is reported as such", async () => {
    const { call } = await client([{ hang: true }], { timeoutMs: 50 });
    await expect(call({ method: "POST", path: "/x", answer })).rejects.toThrow(/no answer within 0.05 s/);
  });
});
