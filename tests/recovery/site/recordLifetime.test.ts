import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { lifetimeLine, nameLines } from "../../../cli/text/trafficText.ts";
import { changeLifetimes, planLowering, planSettling } from "../../../recovery/site/recordLifetime.ts";
import { planRecords, recordSentences } from "../../../recovery/site/recordPlan.ts";
import { nameStatus } from "../../../recovery/site/trafficStatus.ts";
import type { WantedRecord } from "../../../services/dns/dnsHost.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { makeProject } from "../../provider/recovery/tinyApp.ts";
import { forSuite } from "../../support/suite.ts";

const signal = new AbortController().signal;
const zoneName = "lifetimes.example";
const NOW = new Date("2026-07-01T02:00:10Z");
const cloud = forSuite(startMiniCloud);
let zoneId: string;
let name: string;
let number = 0;

beforeAll(async () => {
  const zone = await cloud.call("cloudflare", "POST", "/client/v4/zones", { name: zoneName, account: { id: "acc" } });
  zoneId = (zone["result"] as { id: string }).id;
});
beforeEach(() => {
  number += 1;
  name = `app${number}.${zoneName}`;
});

const make = (more: Partial<WantedRecord> = { ttlSeconds: 3600 }) =>
  cloud.dns.createRecord(zoneId, { type: "A", name, content: "192.0.2.1", ...more });
const records = () => cloud.dns.records(zoneId, name);
const lower = (at = NOW) => planLowering(cloud.dns, zoneId, name, at, signal);
const settle = () => planSettling(cloud.dns, zoneId, name, signal);
const carryOut = (changes: Awaited<ReturnType<typeof lower>>) => changeLifetimes(cloud.dns, zoneId, changes, signal);

describe("the lifetimes of a public name's records before a planned move", () => {
  it("are lowered with a note of the old ones, and put back, with all else as it was", async () => {
    await make({ comment: "the old site", ttlSeconds: 3600 });
    await make({ type: "AAAA", content: "2001:db8::1" });
    const before = await records();
    const changes = await lower();
    expect(changes.map(lifetimeLine).sort()).toEqual([
      `A record of ${name}: TTL 3600 s → 60 s`,
      `AAAA record of ${name}: TTL automatic → 60 s`,
    ]);
    // To the minute, rounded up, after one old lifetime.
    const untils = changes.map(({ lowered }) => lowered.until.toISOString()).sort();
    expect(untils).toEqual(["2026-07-01T02:06:00.000Z", "2026-07-01T03:01:00.000Z"]);
    // Interrupted after the first, it continues with the other; a further run has nothing to do.
    await carryOut(changes.slice(0, 1));
    expect(await lower()).toHaveLength(1);
    await carryOut(await lower());
    expect(await lower(new Date("2026-07-02T00:00:00Z"))).toEqual([]);
    expect((await records()).map(({ ttlSeconds }) => ttlSeconds)).toEqual([60, 60]);
    expect((await records()).map(({ comment }) => comment)).toContain(
      "the old site [TTL 3600 until 2026-07-01T03:01Z]",
    );

    await carryOut((await settle()).slice(0, 1));
    await carryOut(await settle());
    expect(await records()).toEqual(before);
    expect(await settle()).toEqual([]);
  });

  it("come back after the move, which changes only the content", async () => {
    const record = await make({ comment: "the old site", ttlSeconds: 3600 });
    await carryOut(await lower());
    const [lowered] = await records();
    await cloud.dns.repointRecord(zoneId, lowered!, "76.76.21.21");
    await carryOut(await settle());
    expect(await records()).toEqual([{ ...record, content: "76.76.21.21" }]);
  });

  it("stay as they are where the name is proxied or short, or a person has chosen another one since", async () => {
    await make({ proxied: true });
    await make({ content: "192.0.2.2", ttlSeconds: 60 });
    await make({ type: "TXT", content: "mine" });
    expect(await lower()).toEqual([]);

    name = `chosen.${zoneName}`;
    await make();
    await carryOut(await lower());
    const [lowered] = await records();
    await cloud.dns.changeLifetime(zoneId, lowered!, { ttlSeconds: 600, comment: lowered!.comment! });
    await carryOut(await settle());
    expect(await records()).toMatchObject([{ ttlSeconds: 600 }]);
    expect((await records())[0]).not.toHaveProperty("comment");
  });

  it("are given in minutes where they are long, with what shortens them", async () => {
    const said = async () => recordSentences(planRecords(await records(), cloud.appHost, name), cloud.dns).join();
    await make();
    expect(await said()).toMatch(
      /Resolvers may keep the old one for 60 minutes, .*`castchat-recovery traffic prepare` shortens/,
    );
    await carryOut(await lower());
    expect(await said()).toMatch(/Resolvers may keep the old one for 60 seconds\.$/);
  });
});

describe("the status of a public name", () => {
  it("says who holds it, where its records lead, and whose project serves it", async () => {
    const app = { project: "status-app", peerProject: "status-peer" };
    const status = () => nameStatus(cloud, { zoneId, publicName: name, app }, signal);
    expect(nameLines(await status())).toEqual([
      `${name}: held by no stack, served by no Vercel project that the token sees.`,
      "  no record",
    ]);
    const projectId = await makeProject(cloud, "status-peer");
    await cloud.appHost.takePublicName(projectId, name);
    // The project has the name, but its record leads elsewhere.
    const record = await make();
    expect(await status()).toMatchObject({ project: null, serves: "unknown" });
    await cloud.dns.repointRecord(zoneId, record, "76.76.21.21");
    await cloud.dns.createRecord(zoneId, {
      type: "TXT",
      name: `_castchat-recovery.${name}`,
      content: "stack=prod;generation=1",
    });
    await carryOut(await lower());
    expect(nameLines(await status())).toEqual([
      `${name}: held by stack=prod;generation=1, served by Vercel project status-peer of the other stack.`,
      "  A 76.76.21.21, TTL 60 s, lowered; resolvers may keep the old one until 2026-07-01T03:01:00.000Z",
    ]);
    await cloud.appHost.takePublicName(await makeProject(cloud, "status-app"), name);
    expect(await status()).toMatchObject({ project: "status-app", serves: "this stack" });
  });
});
