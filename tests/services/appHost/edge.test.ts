import { describe, expect, it } from "@jest/globals";

import { edgeClient } from "../../../services/appHost/edge.ts";
import { serve } from "../support/testServer.ts";

const { signal } = new AbortController();
describe("the public edge", () => {
  it("is asked at its endpoint with the public name in the Host header", async () => {
    const server = await serve({ status: 503, body: { status: "error" } });
    const answer = await edgeClient({ endpoint: server.url })("https://app.castchat.example/api/health?x=1", signal);
    expect(answer).toMatchObject({ status: 503, body: { status: "error" } });
    expect(server.seen[0]).toMatchObject({ url: "/api/health?x=1", headers: { host: "app.castchat.example" } });
  });

  it("takes a body as JSON", async () => {
    const server = await serve({ status: 201, body: { id: 1 } });
    const write = edgeClient({ endpoint: server.url })(
      "https://app.example/api/posts",
      signal,
      { a: "b" },
      { title: "ü" },
    );
    expect(await write).toMatchObject({ status: 201, body: { id: 1 } });
    const headers = { a: "b", host: "app.example", "content-type": "application/json", "content-length": "14" };
    expect(server.seen[0]).toMatchObject({ method: "POST", url: "/api/posts", headers, body: '{"title":"ü"}' });
  });

  it("is asked at the address itself without an endpoint", async () => {
    const server = await serve({ body: "plain" });
    const answer = await edgeClient()(`${server.url}/x`, signal);
    expect(answer).toMatchObject({ status: 200, body: undefined, text: "plain" });
  });

  it("follows no redirect: a visitor's browser would, a health check must see it", async () => {
    const server = await serve({ status: 308, headers: { location: "/login" } });
    expect((await edgeClient({ endpoint: server.url })("https://app.example/", signal)).status).toBe(308);
    expect(server.seen).toHaveLength(1);
  });

  it("names the app host whose mark an answer bears, and takes no other answer for its own", async () => {
    const server = await serve({ headers: { "x-host-id": "1" } }, {});
    const edge = edgeClient({ endpoint: server.url, mark: { host: "Host", header: "x-host-id" } });
    expect((await edge("https://app.example/", signal)).servedBy).toBe("Host");
    expect((await edge("https://app.example/", signal)).servedBy).toBeUndefined();
    const marked = await serve({ headers: { "x-host-id": "1" } });
    expect((await edgeClient({ endpoint: marked.url })("https://app.example/", signal)).servedBy).toBeUndefined();
  });

  it("says in one sentence why nothing answers", async () => {
    const gone = edgeClient({ endpoint: "http://127.0.0.1:9" })("https://app.example/", signal);
    await expect(gone).rejects.toThrow("app.example cannot be reached: connect ECONNREFUSED 127.0.0.1:9.");
    const server = await serve({ hang: true });
    const silent = edgeClient({ endpoint: server.url, timeoutMs: 40 })("https://app.example/", signal);
    await expect(silent).rejects.toThrow(/no answer within 0.04 s/);
  });

  it("reads no endless body", async () => {
    const server = await serve({ body: "x".repeat(200_000) });
    await expect(edgeClient({ endpoint: server.url })("https://app.example/", signal)).rejects.toThrow(/too long/);
  });
});
