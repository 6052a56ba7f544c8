import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { type CloudflareEmulator } from "../../../../lab/sandbox/emulators/cloudflare.ts";
import { createCloudflareEmulator } from "../../../support/emulators.ts";
import { clientOf, pick, routesOf, type TestBed, testBed } from "./support.ts";

describe("Cloudflare's emulator", () => {
  let bed: TestBed;
  let cloudflare: CloudflareEmulator;
  let zone = "";
  beforeEach(async () => {
    bed = await testBed();
    cloudflare = createCloudflareEmulator(bed.deps);
    const made = await call("POST /client/v4/zones", { name: "castchat.example", account: { id: "acc" } });
    zone = `/client/v4/zones/${pick(made, "result.id")}`;
  });
  afterEach(() => bed.remove());
  const { call, gives, refusesStrangers } = clientOf(() => cloudflare.app);
  const record = (type: string, name: string, content: string, more: object = {}) =>
    call(`POST ${zone}/dns_records`, { type, name, content, ttl: 60, ...more });
  const refused = (code: number) => ({ success: false, errors: [{ code }], messages: [], result: null });

  it("refuses every route without a token and with a wrong one", async () => {
    const routes = routesOf(cloudflare.app, "/client/v4");
    expect(routes.length).toBeGreaterThan(11);
    await refusesStrangers([...routes, "GET /client/v4/nowhere"], {
      none: { status: 400, body: refused(9106) },
      wrong: { status: 403, body: refused(9109) },
    });
  });

  it("has one zone for each name, found by name", async () => {
    await gives(["POST /client/v4/zones", { name: "CASTCHAT.example", account: { id: "acc" } }], 400, refused(1061));
    await gives(["POST /client/v4/zones", { name: "not a name" }], 400, { success: false });
    await gives("GET /client/v4/zones?name=castchat.example", 200, {
      success: true,
      result: [{ name: "castchat.example", account: { id: "acc" }, status: "active" }],
      result_info: { total_count: 1 },
    });
    await gives("GET /client/v4/zones?name=other.example", 200, { result: [] });
    await gives("GET /client/v4/zones/none", 404, refused(1001));
  });

  it("creates, changes, lists and deletes records", async () => {
    const made = await record("CNAME", "App", "cname.vercel-dns.com", { comment: "ours" });
    expect(made).toMatchObject({
      status: 200,
      body: { result: { name: "app.castchat.example", type: "CNAME", ttl: 60, proxied: false, comment: "ours" } },
    });
    const path = `${zone}/dns_records/${pick(made, "result.id")}`;
    await gives([`PATCH ${path}`, { name: "app.castchat.example", type: "CNAME", ttl: 120 }], 200, {
      result: { ttl: 120, content: "cname.vercel-dns.com", comment: "ours" },
    });
    await gives([`PUT ${path}`, { type: "CNAME", name: "app.castchat.example", content: "x.example", ttl: 1 }], 200, {
      result: { ttl: 1, content: "x.example", comment: null },
    });
    await record("TXT", "_castchat-recovery.app", "stack=prod;generation=1");
    await gives(`GET ${zone}/dns_records?type=TXT&name.exact=_castchat-recovery.app.castchat.example`, 200, {
      result: [{ content: "stack=prod;generation=1" }],
    });
    await gives(`GET ${zone}/dns_records?per_page=1&page=2`, 200, {
      result: [{ type: "TXT" }],
      result_info: { count: 1, total_count: 2, total_pages: 2 },
    });
    await gives(`DELETE ${path}`, 200, { success: true });
    await gives(`GET ${path}`, 404, refused(81044));
  });

  it("refuses identical records, and other records beside a CNAME", async () => {
    await record("CNAME", "app", "a.example");
    expect(await record("CNAME", "app", "a.example")).toMatchObject({ status: 400, body: refused(81058) });
    expect(await record("CNAME", "app", "b.example")).toMatchObject({ status: 400, body: refused(81053) });
    expect(await record("A", "app", "127.0.0.1")).toMatchObject({ status: 400, body: refused(81053) });
    expect(await record("TXT", "app", "x")).toMatchObject({ status: 400, body: refused(81054) });
    await record("A", "www", "127.0.0.1");
    expect(await record("A", "www", "127.0.0.2")).toMatchObject({ status: 200 });
    expect(await record("CNAME", "www", "a.example")).toMatchObject({ status: 400, body: refused(81053) });
  });

  it("derives a CAA record's content from its data", async () => {
    const caa = { type: "CAA", name: "@", data: { flags: 0, tag: "issue", value: "letsencrypt.org" }, ttl: 1 };
    await gives([`POST ${zone}/dns_records`, caa], 200, {
      result: { name: "castchat.example", content: '0 issue "letsencrypt.org"', data: caa.data },
    });
    await gives([`POST ${zone}/dns_records`, { type: "TXT", name: "x" }], 400);
  });

  it("refuses a change of type, a TTL out of range and a broken body", async () => {
    const path = `${zone}/dns_records/${pick(await record("A", "www", "127.0.0.1"), "result.id")}`;
    await gives([`PATCH ${path}`, { type: "CNAME", content: "a.example" }], 400, refused(1004));
    expect(await record("A", "x", "127.0.0.1", { ttl: 59 })).toMatchObject({
      status: 400,
      body: { errors: [{ code: 1004, error_chain: [{ code: 9021 }] }] },
    });
    expect(await record("SPF", "x", "y")).toMatchObject({ status: 400, body: refused(6007) });
    await gives([`POST ${zone}/dns_records`, "{"], 400, refused(6007));
  });

  it("follows CNAMEs to their end, and gives up on a circle", async () => {
    await record("CNAME", "a", "b.castchat.example");
    await record("CNAME", "b", "cname.vercel-dns.com.");
    expect(cloudflare.resolveCname("A.castchat.example")).toBe("cname.vercel-dns.com");
    expect(cloudflare.resolveCname("none.castchat.example")).toBeUndefined();
    await record("CNAME", "c", "d.castchat.example");
    await record("CNAME", "d", "c.castchat.example");
    expect(cloudflare.resolveCname("c.castchat.example")).toBeUndefined();
  });

  it("keeps its state over a restart, and forgets a deleted zone's records", async () => {
    await record("CNAME", "app", "a.example");
    cloudflare = createCloudflareEmulator(bed.deps);
    expect(cloudflare.resolveCname("app.castchat.example")).toBe("a.example");
    await call(`DELETE ${zone}`);
    expect(createCloudflareEmulator(bed.deps).resolveCname("app.castchat.example")).toBeUndefined();
  });

  it("creates no zone for a token of single zones, and says when a token ends", async () => {
    const expiresAt = new Date("2026-01-02T03:05:00Z");
    cloudflare = createCloudflareEmulator(bed.deps, { createsZones: false, expiresAt });
    await gives(["POST /client/v4/zones", { name: "other.example", account: { id: "acc" } }], 403, {
      errors: [{ code: 0, message: expect.stringContaining("com.cloudflare.api.account.zone.create") }],
    });
    await gives([`PATCH ${zone}`, { paused: true }], 200, { result: { paused: true } });
    await gives("GET /client/v4/user/tokens/verify", 200, {
      result: { status: "active", expires_on: "2026-01-02T03:05:00.000Z" },
    });
    cloudflare = createCloudflareEmulator({ ...bed.deps, clock: () => expiresAt });
    await gives("GET /client/v4/user/tokens/verify", 200, { result: { status: "active" } });
    cloudflare = createCloudflareEmulator({ ...bed.deps, clock: () => expiresAt }, { createsZones: true, expiresAt });
    await gives("GET /client/v4/user/tokens/verify", 403, refused(9109));
  });
});
