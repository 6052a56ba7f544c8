import { describe, expect, it } from "@jest/globals";

import { createCloudflareEmulator } from "../../../lab/sandbox/emulators/cloudflare.ts";
import { cloudflareDns } from "../../../services/dns/cloudflare.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { serve } from "../support/testServer.ts";
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
    const errors = [{ code: 81053, message: "An A, AAAA, or CNAME record with that host already exists." }];
    const body = { success: false, errors, result: null };
    const server = await serve({ status: 400, body });
    for (const endpoint of [server.url, `${server.url}/client/v4/`]) {
      const wanted = { type: "TXT" as const, name: "n", content: "c", ttlSeconds: 60 };
      await expect(cloudflareDns({ token: "t", endpoint }).createRecord("z", wanted)).rejects.toThrow(
        "Cloudflare refused POST /zones/z/dns_records (400): An A, AAAA, or CNAME record with that host already exists.",
      );
    }
    const path = "/client/v4/zones/z/dns_records";
    expect(server.seen.map(({ url }) => url)).toEqual([path, path]);
  });

  it("shows a text without quotes, and exports every field as it is", async () => {
    const kept = { id: "1", type: "TXT", name: "n", content: '"stack=a;generation=1"', ttl: 1, comment: null };
    const server = await serve({ body: { result: [{ ...kept, created_on: "x" }] } });
    const dns = cloudflareDns({ token: "t", endpoint: server.url });
    expect(await dns.records("z")).toMatchObject([{ content: "stack=a;generation=1", proxied: false }]);
    expect(JSON.stringify(await dns.exportRecords("z"))).toBe(JSON.stringify([kept]));
  });

  it("writes a lifetime of its own choice as 1, and proxies no record", async () => {
    const wanted = { type: "CNAME", name: "n", content: "c" } as const;
    const server = await serve({ body: { result: { id: "1", ...wanted } } });
    await cloudflareDns({ token: "t", endpoint: server.url }).createRecord("z", wanted);
    expect(JSON.parse(server.seen[0]!.body)).toEqual({ ...wanted, ttl: 1, proxied: false });
  });
});
