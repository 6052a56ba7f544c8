import { describe, expect, it } from "@jest/globals";

import { cloudflareDns } from "../../../services/dns/cloudflare.ts";
import { TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { createCloudflareEmulator } from "../../support/emulators.ts";
import { startEmulatorHost } from "../support/emulatorHost.ts";
import { serve } from "../support/testServer.ts";
import { conformsToDnsHost } from "./conformance.ts";

conformsToDnsHost("Cloudflare", async () => {
  const host = await startEmulatorHost(createCloudflareEmulator, cloudflareDns);
  const makeZone = async (name: string) => {
    await host.call("POST /client/v4/zones", { name, account: { id: "acc" } });
  };
  return { ...host, makeZone };
});

/** What the types of a record have of their own: https://developers.cloudflare.com/api/resources/dns/subresources/records. */
const RECORDS_BY_TYPE: Readonly<Record<string, object>> = {
  A: { content: "192.0.2.1", proxied: true, settings: { ipv4_only: true, ipv6_only: false }, private_routing: true },
  AAAA: { content: "2001:db8::1" },
  CNAME: { content: "target.example.org", settings: { flatten_cname: true } },
  MX: { content: "mail.example.org", priority: 10 },
  NS: { content: "ns.example.org" },
  OPENPGPKEY: { content: "mQINB" },
  PTR: { content: "host.example.org" },
  TXT: { content: '"v=spf1 -all"' },
  CAA: { content: '0 issue "letsencrypt.org"', data: { flags: 0, tag: "issue", value: "letsencrypt.org" } },
  CERT: { content: "9 1 8 TUlJ", data: { algorithm: 8, certificate: "TUlJ", key_tag: 1, type: 9 } },
  DNSKEY: { content: "1 3 5 oJB1", data: { algorithm: 5, flags: 1, protocol: 3, public_key: "oJB1" } },
  DS: { content: "3 1 1 a0", data: { algorithm: 1, digest: "a0", digest_type: 1, key_tag: 3 } },
  HTTPS: { content: '1 . alpn="h2"', data: { priority: 1, target: ".", value: 'alpn="h2"' } },
  LOC: {
    content: "37 46 46 N 122 23 35 W 0m 100m 0m 0m",
    data: {
      lat_degrees: 37,
      lat_direction: "N",
      lat_minutes: 46,
      lat_seconds: 46,
      long_degrees: 122,
      altitude: 0,
      size: 100,
    },
  },
  NAPTR: {
    content: '100 10 "S" "x" "" y',
    data: { flags: "S", order: 100, preference: 10, regex: "", replacement: "y", service: "x" },
  },
  SMIMEA: { content: "3 0 0 a0", data: { certificate: "a0", matching_type: 0, selector: 0, usage: 3 } },
  SRV: {
    content: "5 8806 host.example.org",
    priority: 10,
    data: { port: 8806, priority: 10, target: "host.example.org", weight: 5 },
  },
  SSHFP: { content: "2 1 a0", data: { algorithm: 2, fingerprint: "a0", type: 1 } },
  SVCB: { content: "1 . alpn", data: { priority: 1, target: ".", value: "alpn" } },
  TLSA: { content: "3 0 1 a0", data: { certificate: "a0", matching_type: 1, selector: 0, usage: 3 } },
  URI: { content: "20 http://example.org", priority: 10, data: { target: "http://example.org", weight: 20 } },
};

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

  it("names the token and the right that it lacks", async () => {
    const host = await startEmulatorHost(
      (deps) => createCloudflareEmulator(deps, { createsZones: true, readsCertificates: false }),
      cloudflareDns,
    );
    await host.call("POST /client/v4/zones", { name: "castchat.example", account: { id: "acc" } });
    const dns = cloudflareDns({ token: TOKEN, endpoint: host.url });
    const zone = (await dns.zoneId("castchat.example"))!;
    await expect(dns.certificates(zone)).rejects.toThrow(
      'Check CLOUDFLARE_API_TOKEN: this needs the right "Zone > SSL and Certificates > Read". Replace it if it lacks one.',
    );
    await host.stop();
    const server = await serve({ status: 403, body: { errors: [] } });
    const refused = cloudflareDns({ token: "t", endpoint: server.url });
    await expect(refused.exportRecords("z")).rejects.toThrow('this needs the right "Zone > DNS > Read"');
    await expect(refused.deleteRecord("z", "r")).rejects.toThrow('this needs the right "Zone > DNS > Edit"');
    await expect(refused.zones()).rejects.toThrow('this needs the right "Zone > Zone > Read"');
  });

  it("sends all fields of a record but those that only it writes, and its parts in place of its content", () => {
    const dns = cloudflareDns({ token: "t", endpoint: "http://127.0.0.1:9" });
    const data = { port: 8806, priority: 10, target: "host.example.org", weight: 5 };
    const record = { id: "1", type: "SRV", name: "n", ttl: 300, content: "5 8806 host", data, priority: 10 };
    const more = { comment: "Why.", tags: ["a:b"], settings: {} };
    expect(dns.writableFields({ ...record, ...more, meta: {}, zone_id: "z", proxiable: false })).toEqual({
      type: "SRV",
      name: "n",
      ttl: 300,
      data,
      priority: 10,
      ...more,
    });
    for (const key of ["read_only", "email_routing"]) expect(dns.isManaged({ meta: { [key]: true } })).toBe(true);
  });

  const exported = async (records: object[]) => {
    const server = await serve({ body: { result: records } });
    return await cloudflareDns({ token: "t", endpoint: server.url }).exportRecords("z");
  };

  it("shows a text without quotes, and exports every field as it is", async () => {
    const kept = { id: "1", type: "TXT", name: "n", content: '"stack=a;generation=1"', ttl: 1, comment: null };
    const server = await serve({ body: { result: [{ ...kept, created_on: "x" }] } });
    const dns = cloudflareDns({ token: "t", endpoint: server.url });
    expect(await dns.records("z")).toMatchObject([{ content: "stack=a;generation=1", proxied: false }]);
    expect(JSON.stringify(await exported([{ ...kept, created_on: "x" }]))).toBe(JSON.stringify([kept]));
  });

  it.each(Object.entries(RECORDS_BY_TYPE))(
    "exports a %s record with every field that can be written",
    async (type, own) => {
      const shared = { comment: "Why.", tags: ["owner:dns"], settings: {}, meta: { read_only: false } };
      const kept = { id: "1", type, name: "n.castchat.example", ttl: 300, proxied: false, ...shared, ...own };
      const [time, zone] = ["2026-07-01T02:00:00Z", { zone_id: "z", zone_name: "castchat.example" }];
      const times = { created_on: time, modified_on: time, comment_modified_on: time, tags_modified_on: time };
      expect(await exported([{ ...kept, ...zone, ...times, proxiable: true }])).toEqual([kept]);
    },
  );

  it("shows a record as Pulumi's provider declares it, and whether another product writes it", async () => {
    const live = async (more: object) => {
      const shared = { id: "1", name: "n.castchat.example", content: "c", ttl: 300, proxied: false };
      const empty = { comment: null, tags: [], settings: {}, meta: { auto_added: true } };
      const server = await serve({ body: { result: [{ ...shared, ...empty, ...more }] } });
      return (await cloudflareDns({ token: "t", endpoint: server.url }).liveRecords("z"))[0]!;
    };
    const common = { id: "1", name: "n.castchat.example", ttl: 300 };
    expect(await live({ type: "MX", priority: 10 })).toEqual({
      declared: { ...common, type: "MX", content: "c", priority: 10 },
      content: "c",
      ofHost: false,
    });
    const proxied = { type: "CNAME", proxied: true, settings: { flatten_cname: true }, tags: ["a:b"], comment: "Why." };
    expect((await live(proxied)).declared).toEqual({
      ...common,
      ...proxied,
      content: "c",
      settings: { flattenCname: true },
    });
    const data = { algorithm: 1, digest: "a0", digest_type: 1, key_tag: 3 };
    expect((await live({ type: "DS", data })).declared).toEqual({
      ...common,
      type: "DS",
      data: { algorithm: 1, digest: "a0", digestType: 1, keyTag: 3 },
    });
    for (const key of ["read_only", "email_routing", "managed_by_argo_tunnel"])
      expect(await live({ type: "MX", meta: { [key]: true } })).toMatchObject({ ofHost: true });
  });

  it("writes a lifetime of its own choice as 1, and proxies no record", async () => {
    const wanted = { type: "CNAME", name: "n", content: "c" } as const;
    const server = await serve({ body: { result: { id: "1", ...wanted } } });
    await cloudflareDns({ token: "t", endpoint: server.url }).createRecord("z", wanted);
    expect(JSON.parse(server.seen[0]!.body)).toEqual({ ...wanted, ttl: 1, proxied: false });
  });
});
