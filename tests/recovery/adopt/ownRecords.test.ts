import { describe, expect, it } from "@jest/globals";

import { ownRecords } from "../../../recovery/adopt/ownRecords.ts";
import type { LiveRecord } from "../../../services/dns/dnsHost.ts";

const ZONE = { zoneName: "castchat.jp", publicNames: ["app.castchat.jp", "castchat.jp"] };

function record(type: string, name: string, content: string, more: object = {}): LiveRecord {
  return { declared: { id: `${type} ${name}`, name, type, ttl: 300, content, ...more }, content, ofHost: false };
}
const whyLeft = (...records: LiveRecord[]) => ownRecords(records, ZONE).left.map(({ name, why }) => `${name}: ${why}`);

describe("a zone's own records", () => {
  it("are those that nothing else writes, with all of their fields", () => {
    const own = [
      record("MX", "castchat.jp", "mx.mail.example", { priority: 10 }),
      record("TXT", "castchat.jp", "v=spf1 -all"),
      record("NS", "lab.castchat.jp", "ns.example"),
      record("A", "shop.castchat.jp", "192.0.2.1", { proxied: true, comment: "the old shop", tags: ["team:web"] }),
    ];
    expect(ownRecords(own, ZONE)).toEqual({ own: own.map(({ declared }) => declared), left: [] });
  });

  it("are not a public name's, a default of the zone, or what a recovery, an authority or the app host writes", () => {
    const others = [
      record("CNAME", "app.castchat.jp", "cname.vercel-dns.com"),
      record("A", "castchat.jp", "76.76.21.21"),
      record("NS", "castchat.jp", "ada.ns.cloudflare.com"),
      record("TXT", "_castchat-recovery.app.castchat.jp", "stack=prod;generation=1"),
      record("CNAME", "drill.app.castchat.jp", "x", { comment: "written by castchat-recovery." }),
      record("TXT", "_acme-challenge.castchat.jp", "c"),
      record("TXT", "_acme-challenge.www.castchat.jp", "c"),
      record("TXT", "_vercel.castchat.jp", "vc-domain-verify=app.castchat.jp,1"),
      { ...record("MX", "mail.castchat.jp", "route1.mx.cloudflare.net"), ofHost: true },
    ];
    expect(ownRecords(others, ZONE).own).toEqual([]);
    expect(whyLeft(...others)).toHaveLength(others.length);
  });

  it("are not what external-dns marks, under each of its names for a mark", () => {
    const mark = (name: string) => record("TXT", name, "heritage=external-dns,external-dns/owner=k8s");
    for (const owner of ["a-grafana.castchat.jp", "grafana.castchat.jp", "dns.a-grafana.castchat.jp"])
      expect(whyLeft(mark(owner), record("A", "grafana.castchat.jp", "192.0.2.2"))).toEqual([
        `${owner}: external-dns manages it`,
        "grafana.castchat.jp: external-dns manages it",
      ]);
    expect(whyLeft(mark("a-grafana.castchat.jp"), record("A", "shop.castchat.jp", "192.0.2.2"))).toHaveLength(1);
    expect(whyLeft(mark("a-grafana.castchat.jp"), record("MX", "castchat.jp", "mx.example"))).toHaveLength(1);
  });

  it("are not what a comment or a tag gives to another manager", () => {
    for (const more of [{ comment: "Managed by Terraform" }, { tags: ["managed-by:octodns"] }])
      expect(whyLeft(record("A", "vpn.castchat.jp", "192.0.2.3", more))).toEqual([
        expect.stringContaining("another manager is named in it"),
      ]);
  });
});
