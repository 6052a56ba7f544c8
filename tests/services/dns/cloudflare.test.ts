import { describe, expect, it } from "@jest/globals";

import { createCloudflareEmulator } from "../../../lab/sandbox/emulators/cloudflare.ts";
import { cloudflareDns } from "../../../services/dns/cloudflare.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { startTestServer } from "../support/testServer.ts";
import { conformsToDnsHost } from "./conformance.ts";

conformsToDnsHost("Cloudflare", async () => {
  const host = await startEmulatorHost(createCloudflareEmulator, cloudflareDns);
  const makeZone = async (name: string) => {
    await host.call("POST /client/v4/zones", { name });
  };
  return { ...host, makeZone };
});

// Answers as Cloudflare documents them, where they differ from the sandbox's.
describe("Cloudflare", () => {
  it("says its first error in its own words, and takes an address with or without its path", async () => {
    const body = {
      success: false,
      errors: [{ code: 81053, message: "An A, AAAA, or CNAME record with that host already exists." }],
      result: null,
    };
    const server = await startTestServer([{ status: 400, body }]);
    for (const endpoint of [server.url, `${server.url}/client/v4/`]) {
      const wanted = { type: "TXT" as const, name: "n", content: "c", ttlSeconds: 60 };
      await expect(cloudflareDns({ token: "t", endpoint }).createRecord("z", wanted)).rejects.toThrow(
        "Cloudflare refused POST /zones/z/dns_records (400): An A, AAAA, or CNAME record with that host already exists.",
      );
    }
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/client/v4/zones/z/dns_records",
      "/client/v4/zones/z/dns_records",
    ]);
    await server.stop();
  });

  it("shows a text without quotes, and exports every field as it is", async () => {
    const kept = { id: "1", type: "TXT", name: "n", content: '"stack=a;generation=1"', ttl: 1, comment: null };
    const server = await startTestServer([{ body: { result: [{ ...kept, created_on: "x" }] } }]);
    const dns = cloudflareDns({ token: "t", endpoint: server.url });
    expect(await dns.records("z")).toMatchObject([{ content: "stack=a;generation=1", proxied: false }]);
    expect(JSON.stringify(await dns.exportRecords("z"))).toBe(JSON.stringify([kept]));
    await server.stop();
  });

  it("writes a lifetime of its own choice as 1, and proxies no record", async () => {
    const result = { id: "1", type: "CNAME", name: "n", content: "c" };
    const server = await startTestServer([{ body: { result } }]);
    await cloudflareDns({ token: "t", endpoint: server.url }).createRecord("z", {
      ...{ type: "CNAME", name: "n", content: "c" },
    });
    expect(JSON.parse(server.seen[0]!.body)).toEqual({
      type: "CNAME",
      name: "n",
      content: "c",
      ttl: 1,
      proxied: false,
    });
    await server.stop();
  });
});
