import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { recoveryConfig, recoveryContext } from "../../../provider/recovery/context.ts";
import { probeName } from "../../../provider/recovery/probeName.ts";
import { type ShownPlans, shownPlans } from "../../../provider/recovery/shownPlans.ts";
import { trafficLease } from "../../../provider/recovery/trafficLease.ts";
import { trafficSwitch } from "../../../provider/recovery/trafficSwitch.ts";
import { applicationHealth } from "../../../recovery/site/applicationHealth.ts";
import { checkTraffic } from "../../../recovery/site/checkTraffic.ts";
import { deployApplication } from "../../../recovery/site/deployApplication.ts";
import { readTraffic, releaseTraffic, switchTraffic } from "../../../recovery/site/switchTraffic.ts";
import type { TrafficPorts, WantedTraffic } from "../../../recovery/site/trafficMove.ts";
import type { AppHost } from "../../../services/appHost/appHost.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import { realTiming } from "../../../services/common/timing.ts";
import type { DnsHost } from "../../../services/dns/dnsHost.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles, makeProject, TINY_SERVER } from "../../provider/recovery/tinyApp.ts";
import { forSuite } from "../../support/suite.ts";

const signal = new AbortController().signal;
const quick = { firstMs: 20, longestMs: 100, limitMs: 10_000 };
const timing = { ...realTiming, build: quick, health: quick, traffic: quick };
/** Looks every `everyMs`, and gives up after `limitMs`. */
const impatient = (everyMs: number, limitMs: number) => ({
  ...timing,
  traffic: { firstMs: everyMs, longestMs: everyMs, limitMs },
});
const zoneName = "castchat.example";
const cloud = forSuite(startMiniCloud);
const shownFolder = mkdtempSync(join(tmpdir(), "castchat-shown-"));
let ports: TrafficPorts;
let zoneId: string;
let prod: Awaited<ReturnType<typeof deploy>>;
let dr: Awaited<ReturnType<typeof deploy>>;
let mute: Awaited<ReturnType<typeof deploy>>;
let number = 0;
let publicName: string;
let shown: ShownPlans;

/** Healthy, and says nothing of itself. */
const MUTE_SERVER = TINY_SERVER.replace(", commit, deployment }", " }");

async function deploy(name: string, server = TINY_SERVER, team: "vercel" | "otherTeam" = "vercel") {
  const commit = await commitFiles(cloud, `castchat/${name}`, { "server.mjs": server, name });
  const projectId = await makeProject(cloud, name, {}, team);
  const appHost = team === "vercel" ? cloud.appHost : cloud.otherApps;
  const source = { sourceUrl: cloud.repository(`castchat/${name}`), sourceRef: "main" };
  const wanted = { projectId, projectName: name, ...source };
  const deploying = { appHost, git: cloud.git, edge: cloud.edge, clock: systemClock, timing };
  const done = await deployApplication(deploying, wanted, signal, silent);
  return { projectId, deploymentUrl: done.url, commit, deploymentId: done.deploymentId };
}

beforeAll(async () => {
  const zone = await cloud.call("cloudflare", "POST", "/client/v4/zones", { name: zoneName, account: { id: "acc" } });
  zoneId = (zone["result"] as { id: string }).id;
  prod = await deploy("prod-app");
  dr = await deploy("dr-app");
  mute = await deploy("mute-app", MUTE_SERVER);
});
beforeEach(() => {
  ports = { appHost: cloud.appHost, dns: cloud.dns, edge: cloud.edge, clock: systemClock, timing };
  number += 1;
  publicName = `app${number}.${zoneName}`;
  shown = shownPlans(systemClock, number, shownFolder);
});
afterAll(() => rm(shownFolder, { recursive: true }));

const forProd = (generation = 1): WantedTraffic => ({ publicName, zoneName, stack: "prod", generation, ...prod });
const forDr = (generation = 2): WantedTraffic => ({ publicName, zoneName, stack: "dr", generation, ...dr });
const go = (wanted: WantedTraffic) => switchTraffic(ports, wanted, signal, silent);
/** Asks for the lease as a preview does. */
const askLease = (
  stack: string,
  generation: number,
  more: { takeover?: true; rehearse?: true; preview?: true; zoneName?: string } = {},
) => {
  const made = recoveryContext(recoveryConfig.parse({ awsRegion: "x" }), {});
  const { otherTeam } = ports;
  const context = { ...made, dns: () => cloud.dns, appHost: () => cloud.appHost, otherTeam, shownPlans: shown };
  const projectName = `${stack}-app`;
  return trafficLease.invoke(context, { publicName, zoneName, projectName, stack, generation, ...more }, signal);
};
/** What differs from the ports that each test begins with. */
const change = (more: Partial<TrafficPorts>) => void (ports = { ...ports, ...more });
const serving = async () => {
  const health = await applicationHealth(cloud.edge, `https://${publicName}`, {}, signal);
  return health.healthy ? health.commit : undefined;
};
/** The name's records, and its lease. */
const records = async () =>
  (await cloud.dns.records(zoneId)).filter(({ name }) =>
    [publicName, `_castchat-recovery.${publicName}`].includes(name),
  );

describe("taking a public name", () => {
  it("writes lease and record, and the name answers", async () => {
    const taken = await go(forProd());
    expect(taken).toMatchObject({ leaseName: `_castchat-recovery.${publicName}`, holder: "stack=prod;generation=1" });
    expect(taken.previousHolder).toBeUndefined();
    expect(await serving()).toBe(prod.commit);
    const found = (await records()).map(({ type, content }) => `${type} ${content}`);
    expect(found.sort()).toEqual(["CNAME cname.vercel-dns.com", "TXT stack=prod;generation=1"]);
  });

  it("starts the scheduled calls when its resource is made, not with a later deployment or in a drill", async () => {
    const context = {
      ...recoveryContext(recoveryConfig.parse({ awsRegion: "x" }), {}),
      appHost: () => cloud.appHost,
      dns: () => cloud.dns,
      edge: cloud.edge,
    };
    const said: string[] = [];
    const operation = { name: "x", urn: "urn", report: () => undefined, warn: (line: string) => void said.push(line) };
    const { projectId, deploymentUrl } = prod;
    const inputs = { publicName, zoneName, stack: "prod", generation: 1, projectId, deploymentUrl };
    const stop = () => cloud.appHost.allowScheduledCalls(prod.projectId, false);
    const isStopped = async () => {
      const { crons } = (await cloud.appHost.exportProject(prod.projectId)) as { crons: { disabledAt: number | null } };
      return crons.disabledAt !== null;
    };
    await stop();
    await trafficSwitch.create(context, { ...inputs, withoutScheduledCalls: true }, signal, operation);
    expect(await isStopped()).toBe(true);
    const { outputs } = await trafficSwitch.create(context, inputs, signal, operation);
    expect(await isStopped()).toBe(false);
    await stop();
    await trafficSwitch.update!(
      context,
      publicName,
      { inputs, outputs },
      { ...inputs, generation: 2 },
      signal,
      operation,
    );
    expect(await isStopped()).toBe(true);
    const last = { inputs: { ...inputs, projectId: "another" }, outputs };
    await trafficSwitch.update!(context, publicName, last, { ...inputs, generation: 3 }, signal, operation);
    expect(await isStopped()).toBe(false);
    expect(said).toEqual([]);
    const appHost = { ...cloud.appHost, allowScheduledCalls: () => Promise.reject(new Error("Not allowed.")) };
    await trafficSwitch.create({ ...context, appHost: () => appHost }, { ...inputs, generation: 4 }, signal, operation);
    expect(said).toEqual([
      expect.stringMatching(/could not be started: Not allowed\. Start them in Vercel's dashboard/),
    ]);
  });

  it("from another stack moves the domain, keeps the record's id, and names the one before", async () => {
    const before = await go(forProd());
    const taken = await go(forDr());
    expect(taken).toMatchObject({ previousHolder: "stack=prod;generation=1", recordId: before.recordId });
    expect(await serving()).toBe(dr.commit);
    expect(await cloud.appHost.publicName(prod.projectId, publicName)).toBeUndefined();
    // Again: nothing changes.
    expect(await go(forDr())).toMatchObject({ recordId: before.recordId, holder: "stack=dr;generation=2" });
    expect(await records()).toHaveLength(2);
  });

  it("keeps type, lifetime, proxy and comment of a live record, and says beforehand what it changes", async () => {
    const kept = { type: "A", name: publicName, ttl: 3600, proxied: true, comment: "the old site", tags: ["team:web"] };
    const path = `/client/v4/zones/${zoneId}/dns_records`;
    await cloud.call("cloudflare", "POST", path, { ...kept, content: "192.0.2.1" });
    expect(await askLease("prod", 1, { takeover: true, rehearse: true })).toMatchObject({
      refusal: "",
      changes: [
        `A recovery changes the A record of ${publicName} from 192.0.2.1 to 76.76.21.21. Its name stays proxied by Cloudflare.`,
      ],
    });
    await go({ ...forProd(), takeover: true });
    const exported = async () =>
      (await cloud.dns.exportRecords(zoneId)).find(({ name, type }) => name === publicName && type === "A");
    expect(await exported()).toMatchObject({ ...kept, content: "76.76.21.21" });
    // A record that leads to Vercel already stays, also when another stack takes the name.
    const before = await exported();
    expect(await askLease("dr", 2, { rehearse: true })).toMatchObject({
      refusal: "",
      changes: [`A recovery moves the domain ${publicName} from Vercel project prod-app to dr-app.`],
    });
    await go(forDr());
    expect(await serving()).toBe(dr.commit);
    expect(await exported()).toEqual(before);
  });

  it("leaves a live name that no stack holds, unless its settings list it, and then changes its CNAME in place", async () => {
    const elsewhere = { type: "CNAME", name: publicName, content: "old.example.org", ttlSeconds: 300 } as const;
    const old = await cloud.dns.createRecord(zoneId, elsewhere);
    const refusal = new RegExp(
      `${publicName} already leads to old\\.example\\.org, .*\`pulumi config set --path 'takeover\\[0\\]' ${publicName} -s prod\``,
    );
    const error = await go(forProd()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toMatch(refusal);
    expect(await records()).toMatchObject([{ id: old.id, content: elsewhere.content }]);
    // A recovery is refused before it has made anything, and a standby reads of it beforehand.
    await expect(askLease("prod", 1)).rejects.toThrow(refusal);
    expect(await askLease("prod", 1, { rehearse: true })).toMatchObject({
      holder: "no stack",
      refusal: expect.stringMatching(refusal) as unknown,
      changes: [expect.stringContaining("from old.example.org to cname.vercel-dns.com")],
    });

    const change = `A recovery changes the CNAME record of ${publicName} from old.example.org to cname.vercel-dns.com. Resolvers may keep the old one for 300 seconds.`;
    const taken = { holder: "no stack", refusal: "", changes: [change] };
    expect(await askLease("prod", 1, { takeover: true })).toMatchObject(taken);
    expect(await askLease("prod", 1, { takeover: true, rehearse: true })).toMatchObject(taken);
    expect((await go({ ...forProd(), takeover: true })).recordId).toBe(old.id);
    expect(await serving()).toBe(prod.commit);
    // Listing a name takes it from no stack that holds it.
    await expect(askLease("dr", 1, { takeover: true })).rejects.toThrow(/is held by stack prod/);
    expect(await askLease("dr", 1, { takeover: true, rehearse: true })).toMatchObject({ refusal: "" });
  });
});

/** Makes a record of the name, as a person does. */
const makeRecord = (type: string, content: string, more: object = {}) =>
  cloud.call("cloudflare", "POST", `/client/v4/zones/${zoneId}/dns_records`, {
    type,
    name: publicName,
    content,
    ttl: 1,
    ...more,
  });
const addresses = async () =>
  (await records()).filter(({ type }) => type !== "TXT").map(({ type, content }) => `${type} ${content}`);

describe("several records of a name", () => {
  it.each<[string, [string, string][], string, string[]]>([
    [
      "A beside AAAA",
      [
        ["AAAA", "2001:db8::1"],
        ["A", "192.0.2.1"],
      ],
      "A 76.76.21.21",
      ["changes the A record", "deletes the AAAA record"],
    ],
    [
      "two A records",
      [
        ["A", "192.0.2.1"],
        ["A", "192.0.2.2"],
      ],
      "A 76.76.21.21",
      ["changes the A record", "deletes the A record"],
    ],
    ["AAAA only", [["AAAA", "2001:db8::1"]], "A 76.76.21.21", ["makes an A record", "deletes the AAAA record"]],
  ])("%s become one that leads to the app, never none, and are listed before", async (_what, before, after, said) => {
    for (const [type, content] of before) await makeRecord(type, content, { proxied: true, comment: "the old site" });
    const listed = (await askLease("prod", 1, { takeover: true })) as { changes: string[] };
    expect(listed.changes).toEqual(said.map((one): unknown => expect.stringContaining(one)));
    const left: number[] = [];
    const deleteRecord: DnsHost["deleteRecord"] = async (zone, id, aborted) => {
      await cloud.dns.deleteRecord(zone, id, aborted);
      left.push((await addresses()).length);
    };
    change({ dns: { ...cloud.dns, deleteRecord } });
    await go({ ...forProd(), takeover: true });
    expect(await addresses()).toEqual([after]);
    expect(left).not.toContain(0);
    expect((await records()).find(({ type }) => type === "A")).toMatchObject({
      proxied: true,
      comment: "the old site",
    });
    expect(await serving()).toBe(prod.commit);
  });
});

describe("a name that changes after it was shown", () => {
  const message = (was: string, is: string) =>
    new RegExp(`is no longer as it was shown, so nothing of it was changed\\. It was: .*${was}.*\\. It is: .*${is}`);

  it("is refused by the update of the same command, and by the switch at its end", async () => {
    await makeRecord("A", "192.0.2.1");
    const { seen } = (await askLease("prod", 1, { takeover: true, preview: true })) as { seen: string[] };
    expect(await askLease("prod", 1, { takeover: true })).toMatchObject({ seen });
    const { id } = (await records())[0]!;
    await cloud.call("cloudflare", "PATCH", `/client/v4/zones/${zoneId}/dns_records/${id}`, {
      type: "A",
      name: publicName,
      ttl: 1,
      content: "192.0.2.9",
    });
    const differs = message("192\\.0\\.2\\.1,", "192\\.0\\.2\\.9,");
    await expect(askLease("prod", 1, { takeover: true })).rejects.toThrow(differs);
    await expect(go({ ...forProd(), takeover: true, shown: seen })).rejects.toThrow(differs);
    expect(await addresses()).toEqual(["A 192.0.2.9"]);
    expect((await records()).map(({ type }) => type)).toEqual(["A"]);
    // The next command shows it as it is, and moves it.
    const next = (await askLease("prod", 1, { takeover: true, preview: true })) as { seen: string[] };
    await askLease("prod", 1, { takeover: true });
    await go({ ...forProd(), takeover: true, shown: next.seen });
    expect(await serving()).toBe(prod.commit);
  });

  it("is refused when its domain or its lease has moved", async () => {
    await go(forProd());
    const { seen } = (await askLease("dr", 3)) as { seen: string[] };
    await go({ ...forProd(2), stack: "other", ...mute });
    await expect(go({ ...forDr(3), shown: seen })).rejects.toThrow(
      message(
        "domain app\\d+\\.castchat\\.example: project prod-app",
        "domain app\\d+\\.castchat\\.example: project mute-app",
      ),
    );
    expect(await serving()).not.toBe(dr.commit);
  });

  it("is not refused by what another engine, or one of an hour ago, has shown", async () => {
    await askLease("prod", 1, { preview: true });
    expect(shown.of(publicName)).toBeDefined();
    expect(shownPlans(systemClock, number + 1000, shownFolder).of(publicName)).toBeUndefined();
    const later = () => new Date(Date.now() + 3_600_001);
    expect(shownPlans(later, number, shownFolder).of(publicName)).toBeUndefined();
  });
});

describe("a move after which the name does not answer", () => {
  /** The name's answers of the new site fail; those of the site before do not. */
  const broken = (): void =>
    change({
      timing: impatient(1, 20),
      edge: async (url, at, headers) => {
        if (new URL(url).host === publicName && (await serving()) === dr.commit) throw new Error("certificate unknown");
        return cloud.edge(url, at, headers);
      },
    });

  it("is taken back: records, domain and lease are those of the site before", async () => {
    await makeRecord("A", "76.76.21.21", { ttl: 300 });
    await go({ ...forProd(), takeover: true });
    await makeRecord("AAAA", "2001:db8::1", { comment: "kept" });
    const before = await addresses();
    broken();
    await expect(go(forDr())).rejects.toThrow(
      /certificate unknown\. .* So app\d+\.castchat\.example was led back to the site before, and it answers there again\. Mend/,
    );
    expect(await addresses()).toEqual(before);
    expect((await records()).find(({ type }) => type === "AAAA")).toMatchObject({ comment: "kept" });
    expect((await readTraffic(ports, forProd(), signal))?.held).toBe(true);
    expect(await serving()).toBe(prod.commit);
    // Mended, the same command moves it.
    change({ edge: cloud.edge, timing });
    await go(forDr());
    expect(await serving()).toBe(dr.commit);
  });

  it("stays moved when the site before did not answer either", async () => {
    await go(forProd());
    change({
      timing: impatient(1, 20),
      edge: (url, at, headers) =>
        new URL(url).host === publicName ? Promise.reject(new Error("lost")) : cloud.edge(url, at, headers),
    });
    await expect(go(forDr())).rejects.toThrow(/lost.*The lease, the domain and the record are in place/);
    expect(await serving()).toBe(dr.commit);
  });
});

describe("that the name leads to the target", () => {
  /** Another deployment of dr's commit. */
  const otherDeployment = () => ({ commit: dr.commit, deployment: prod.deploymentId });
  const forMute = (): WantedTraffic => ({ publicName, zoneName, stack: "dr", generation: 2, ...mute });
  /** Answers of the name from before the move, as a resolver with an old record gives them. */
  const stale = (answers: number, body: object, isVercel: boolean): { left: number } => {
    const seen = { left: answers };
    change({
      edge: (url, at, headers) => {
        if (new URL(url).host !== publicName || seen.left === 0) return cloud.edge(url, at, headers);
        seen.left -= 1;
        const servedBy = isVercel ? "Vercel" : undefined;
        return Promise.resolve({ status: 200, body: { status: "ok", ...body }, text: "", servedBy });
      },
    });
    return seen;
  };

  it.each<[string, () => WantedTraffic, () => object, boolean]>([
    ["the commit, which the old site may have, too", forDr, otherDeployment, true],
    ["an answer that names no commit for a target that names none", forMute, () => ({}), false],
    ["an answer without a deployment for a target that names its own", forDr, () => ({ commit: dr.commit }), true],
  ])("is not proved by %s", async (_what, wanted, body, isVercel) => {
    const seen = stale(3, body(), isVercel);
    await go(wanted());
    expect(seen.left).toBe(0);
  });

  it.each<[string, () => WantedTraffic, () => object, () => Partial<AppHost>, RegExp]>([
    [
      "another deployment of the same commit answers",
      forDr,
      otherDeployment,
      () => ({}),
      /still answers from deployment dpl_\w+, not dpl_\w+\. .*process\.env\.VERCEL_DEPLOYMENT_ID/,
    ],
    [
      "Vercel serves the name from elsewhere",
      forMute,
      () => ({}),
      () => ({ servedFrom: () => Promise.resolve("dpl_old") }),
      /Vercel serves app\d+\.castchat\.example from deployment dpl_old, not from dpl_\w+/,
    ],
    [
      "Vercel does not know the name",
      forMute,
      () => ({}),
      () => ({ servedFrom: () => Promise.resolve(undefined) }),
      /Vercel serves app\d+\.castchat\.example from no deployment/,
    ],
  ])("is an error while %s, with all in place for the next run", async (_what, wanted, body, appHost, message) => {
    stale(Number.MAX_SAFE_INTEGER, body(), true);
    change({ appHost: { ...cloud.appHost, ...appHost() }, timing: impatient(5, 30) });
    await expect(go(wanted())).rejects.toThrow(message);
    expect((await records()).map(({ type }) => type).sort()).toEqual(["CNAME", "TXT"]);
    change({ appHost: cloud.appHost, edge: cloud.edge, timing });
    await go(wanted());
  });

  it("is asked of the name without a secret, and of the target with one", async () => {
    const secrets = new Map<string, string | undefined>();
    change({
      edge: (url, at, headers) => {
        secrets.set(new URL(url).host, headers?.["x-vercel-protection-bypass"]);
        return cloud.edge(url, at, headers);
      },
    });
    await go(forMute());
    const { protectionBypass } = (await cloud.appHost.exportProject(mute.projectId))!;
    const [secret] = Object.keys(protectionBypass as object);
    expect(secret).toEqual(expect.any(String));
    expect(secrets).toEqual(
      new Map([
        [new URL(mute.deploymentUrl).host, secret],
        [publicName, undefined],
      ]),
    );
  });

  it("is refused for a deployment of another project, before anything moves", async () => {
    await expect(go({ ...forDr(), projectId: prod.projectId })).rejects.toThrow(/^Traffic stays where it is, because/);
    expect(await records()).toEqual([]);
  });
});

describe("a domain of another team", () => {
  const unverified = (domain: string) => ({
    name: publicName,
    isGenerated: false,
    isVerified: false,
    proofs: [{ type: "TXT", domain, value: "vc-domain-verify=1,abc" }],
  });
  /** The app host believes in the name once the proof stands in the zone. */
  const doubting = (): AppHost => ({
    ...cloud.appHost,
    takePublicName: async (projectId, name, at) => {
      await cloud.appHost.takePublicName(projectId, name, at);
      return unverified(`_vercel.${zoneName}`);
    },
    verifyPublicName: async () => {
      const proofs = await cloud.dns.records(zoneId, `_vercel.${zoneName}`);
      const isProved = proofs.some(({ content }) => content === "vc-domain-verify=1,abc");
      return isProved ? { ...unverified("x"), isVerified: true } : unverified("x");
    },
  });

  it("is proved by the record that the app host asks for", async () => {
    change({ appHost: doubting() });
    await go(forProd());
    expect(await serving()).toBe(prod.commit);
  });

  it("is reported in time when the app host does not accept the proof", async () => {
    const never = { ...doubting(), verifyPublicName: () => Promise.resolve(unverified("x")) };
    change({ appHost: never, timing: impatient(1, 5) });
    const message = /Vercel did not accept the proof for .* in time\. Run the same command again to continue/;
    await expect(go(forProd())).rejects.toThrow(message);
  });

  it("is not taken where the proof is a record that a person has to set", async () => {
    const [proof] = unverified("x").proofs;
    const other = { ...unverified("x"), proofs: [{ ...proof!, type: "CNAME" }] };
    change({ appHost: { ...doubting(), takePublicName: () => Promise.resolve(other) } });
    await expect(go(forProd())).rejects.toThrow(/Vercel wants a CNAME record at x with .* to prove/);
  });
});

describe("a domain of a project in the other stack's team", () => {
  let live: Awaited<ReturnType<typeof deploy>>;
  beforeAll(async () => {
    live = await deploy("live-app", TINY_SERVER, "otherTeam");
  });
  beforeEach(async () => {
    await switchTraffic({ ...ports, appHost: cloud.otherApps }, { ...forProd(), ...live }, signal, silent);
    change({ otherTeam: () => cloud.otherApps });
    expect(await serving()).toBe(live.commit);
  });
  const isLive = async () => (await cloud.otherApps.publicName(live.projectId, publicName))?.isVerified;

  it("is named beforehand, proved in the zone, and then lost by that project", async () => {
    const { changes, seen } = (await askLease("dr", 2)) as { changes: string[]; seen: string[] };
    expect(changes).toEqual([
      `A recovery moves the domain ${publicName} from Vercel project live-app of the other stack's team to dr-app.`,
    ]);
    // As an interrupted run leaves it: asked for, and not proved yet.
    const asked = await cloud.appHost.takePublicName(dr.projectId, publicName);
    expect(asked).toMatchObject({ isVerified: false, proofs: [{ type: "TXT", domain: `_vercel.${zoneName}` }] });
    expect(await cloud.appHost.verifyPublicName(dr.projectId, publicName)).toEqual(asked);
    expect([await isLive(), await serving()]).toEqual([true, live.commit]);
    expect(((await askLease("dr", 2)) as { changes: string[] }).changes).toEqual(changes);
    await go({ ...forDr(), shown: seen });
    expect(await serving()).toBe(dr.commit);
    expect(await isLive()).toBeUndefined();
    const proofs = await cloud.dns.records(zoneId, `_vercel.${zoneName}`);
    expect(proofs.map(({ content }) => content).join()).toContain(`vc-domain-verify=${publicName},`);
  });

  it("is moved without being named where that team cannot be asked", async () => {
    const refused = new UserError("Vercel refused it. Check peerVercelToken.");
    for (const otherTeam of [
      undefined,
      () => ({ ...cloud.otherApps, publicNameHolder: () => Promise.reject(refused) }),
    ]) {
      change({ otherTeam });
      expect(((await askLease("dr", 2)) as { changes: string[] }).changes).toEqual(
        otherTeam === undefined
          ? []
          : [`Whether a project of the other stack's team has ${publicName} is not known: ${refused.message}`],
      );
    }
    await go(forDr());
    expect(await serving()).toBe(dr.commit);
  });

  it("goes back to that project by its own token if the name does not answer from the new site", async () => {
    change({
      timing: impatient(1, 20),
      edge: async (url, at, headers) => {
        if (new URL(url).host === publicName && (await serving()) === dr.commit) throw new Error("certificate unknown");
        return await cloud.edge(url, at, headers);
      },
    });
    await expect(go(forDr())).rejects.toThrow(/was led back to the site before, and it answers there again/);
    expect(await serving()).toBe(live.commit);
    expect(await isLive()).toBe(true);
  });
});

describe("the lease before a recovery", () => {
  it("refuses at once what the switch would refuse in the end", async () => {
    expect(await askLease("dr", 1)).toMatchObject({ holder: "no stack", refusal: "", changes: [] });
    expect(await askLease("dr", 1, { zoneName: "not-yet.example" })).toEqual({
      holder: "no stack",
      refusal: "",
      changes: [],
      seen: [],
    });
    await go(forProd());
    expect(await askLease("dr", 2)).toMatchObject({ holder: "stack=prod;generation=1", refusal: "" });
    await expect(askLease("dr", 1)).rejects.toThrow(
      /is held by stack prod with generation 1, .*To take the name over, run `pulumi config set generation 2 -s dr`/,
    );
  });
});

describe("a refusal", () => {
  it.each([
    ["the same generation", 1],
    ["a lower one", 0],
  ])("is given to another stack with %s, and nothing moves", async (_what, generation) => {
    await go(forProd());
    const message = `${publicName} is held by stack prod with generation 1, and stack dr is set to ${generation}. To take the name over, run \`pulumi config set generation 2 -s dr\`, or set a higher one.`;
    await expect(go(forDr(generation))).rejects.toThrow(new UserError(message));
    expect(await serving()).toBe(prod.commit);
  });

  it("is given to the holder itself with a lower generation", async () => {
    await go(forDr(5));
    const message =
      /already holds .* with generation 5, but is set to 4\. Run `pulumi config set generation 5 -s dr`, or set a higher/;
    await expect(go(forDr(4))).rejects.toThrow(message);
  });

  it("is given to an unhealthy target before anything is changed", async () => {
    await go(forProd());
    await expect(go({ ...forDr(), deploymentUrl: "https://nothing.vercel.app" })).rejects.toThrow(
      /^Traffic stays where it is, because the target is not healthy: nothing\.vercel\.app\/api\/health answers 404/,
    );
    expect((await records()).find(({ type }) => type === "TXT")?.content).toBe("stack=prod;generation=1");
    expect(await serving()).toBe(prod.commit);
  });

  it("is given to a name outside of the zone, an unknown zone, and a lease that cannot be read", async () => {
    await expect(go({ ...forProd(), publicName: "app.other.example" })).rejects.toThrow(/is not in zone/);
    await expect(go({ ...forProd(), zoneName: "example" })).rejects.toThrow(/Cloudflare shows no zone example/);
    const lease = { type: "TXT", name: `_castchat-recovery.${publicName}`, ttlSeconds: 60 } as const;
    await cloud.dns.createRecord(zoneId, { ...lease, content: "hello" });
    await expect(go(forProd())).rejects.toThrow(/says hello, which is not a lease\. Delete it in Cloudflare/);
    await cloud.dns.createRecord(zoneId, { ...lease, content: "stack=x;generation=1" });
    await expect(go(forProd())).rejects.toThrow(/has 2 TXT records/);
  });

  it("is given to the second of two stacks that take the same generation at the same moment", async () => {
    const results = await Promise.allSettled([go(forProd(3)), go(forDr(3))]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [lost] = results.flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : []));
    expect(lost).toBeInstanceOf(UserError);
    const winner = results[0].status === "fulfilled" ? prod : dr;
    expect(await serving()).toBe(winner.commit);
    expect(String(lost)).toMatch(
      new RegExp(
        `Another stack took ${publicName} at the same moment \\(the lease now says stack=${winner === prod ? "prod" : "dr"};generation=3\\)|is held by stack`,
      ),
    );
  });

  it("is given to the lower of two generations, also when it wrote last", async () => {
    let isLate = true;
    const createRecord: DnsHost["createRecord"] = async (zone, record, aborted) => {
      // Between the first look at the claims and the lease's record, the other stack takes the name with a higher generation.
      if (isLate && record.name.startsWith("_castchat-recovery.")) {
        isLate = false;
        await switchTraffic({ ...ports, dns: cloud.dns }, forDr(4), signal, silent);
        const [lease] = await cloud.dns.records(zone, record.name);
        return await cloud.dns.updateRecord(zone, lease!.id, record);
      }
      return await cloud.dns.createRecord(zone, record, aborted);
    };
    change({ dns: { ...cloud.dns, createRecord } });
    await expect(go(forProd(3))).rejects.toThrow(
      /Another stack took .* at the same moment \(the lease now says stack=dr;generation=4\)/,
    );
    expect((await readTraffic(ports, forDr(4), signal))?.held).toBe(true);
    expect(await serving()).toBe(dr.commit);
  });

  it("is given to both when the lease has two records", async () => {
    const raced: DnsHost = {
      ...cloud.dns,
      createRecord: async (zone, record, aborted) => {
        const made = await cloud.dns.createRecord(zone, record, aborted);
        if (record.name.startsWith("_castchat-recovery."))
          await cloud.dns.createRecord(zone, { ...record, content: "stack=other;generation=9" }, aborted);
        return made;
      },
    };
    change({ dns: raced });
    await expect(go(forProd())).rejects.toThrow(/has 2 TXT records .* so it is not known which stack holds/);
    expect(await cloud.appHost.publicName(prod.projectId, publicName)).toBeUndefined();
  });
});

describe("the check of all names of an app", () => {
  const check = (names: string[], target: WantedTraffic = forDr()) =>
    checkTraffic(ports, { ...target, names: names.map((one) => ({ publicName: one })) }, signal, silent);
  const name = (label: string) => `${label}${number}.${zoneName}`;

  it("lists every fault of every name and of the target together, and moves none", async () => {
    await go(forProd(5));
    const issuer = { name: name("caa"), type: "CAA", ttl: 1, data: { flags: 0, tag: "issue", value: "pki.goog" } };
    await cloud.call("cloudflare", "POST", `/client/v4/zones/${zoneId}/dns_records`, issuer);
    const live = { type: "A", name: name("live"), content: "192.0.2.1", ttlSeconds: 300 };
    await cloud.dns.createRecord(zoneId, live);
    const before = await cloud.dns.records(zoneId);
    const names = [name("free"), publicName, name("live"), name("caa")];
    const refused: unknown = await check(names).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserError);
    expect(String(refused)).toMatch(/No public name was moved, for 3 reasons:/);
    expect(String(refused)).toContain(`- ${publicName} is held by stack prod with generation 5`);
    expect(String(refused)).toContain(`- ${name("live")} already leads to 192.0.2.1`);
    expect(String(refused)).toContain(
      `- The CAA records of ${name("caa")} allow pki.goog only, so Vercel gets no certificate for ${name("caa")}.`,
    );
    await expect(check(names, { ...forDr(), deploymentUrl: "https://nothing.vercel.app" })).rejects.toThrow(
      /for 4 reasons:\n- Traffic stays where it is, because the target is not healthy/,
    );
    await expect(go({ ...forDr(), publicName: name("caa") })).rejects.toThrow(
      /add a CAA record to caa\d+.*letsencrypt/,
    );
    expect(await cloud.dns.records(zoneId)).toEqual(before);
    await check([name("free")]);
  });

  it("does not ask for a certificate's authority where the project has the name already", async () => {
    await go(forDr());
    const issuer = { name: publicName, type: "CAA", ttl: 1, data: { flags: 0, tag: "issue", value: ";" } };
    // Beside a CNAME nothing else may stand, so the name becomes an A record first.
    for (const { id, type } of await records()) if (type === "CNAME") await cloud.dns.deleteRecord(zoneId, id);
    await makeRecord("A", "76.76.21.21", { comment: "written by castchat-recovery" });
    await cloud.call("cloudflare", "POST", `/client/v4/zones/${zoneId}/dns_records`, issuer);
    await check([publicName]);
    await expect(check([publicName], forProd(9))).rejects.toThrow(/allow no authority only/);
  });
});

describe("the probe name of a standby", () => {
  const inputs = () => ({ probeName: `probe${number}.${zoneName}`, zoneName, projectId: dr.projectId });
  const operation = { name: "probe", urn: "urn", report: silent, warn: silent };
  const context = () => {
    const made = recoveryContext(recoveryConfig.parse({ awsRegion: "x" }), {});
    return { ...made, dns: () => cloud.dns, appHost: () => cloud.appHost, edge: cloud.edge };
  };
  const make = (more: object = {}) => probeName.create(context(), { ...inputs(), ...more }, signal, operation);
  const look = (last: {
    inputs: ReturnType<typeof inputs>;
    outputs: { state: "kept" | "no zone" | "missing"; keptName: string };
  }) => probeName.read(context(), "probe", last, signal);
  const diff = (last: Parameters<typeof look>[0]) => probeName.diff!(context(), last, last.inputs, new Set());

  it("is a domain and a record of its own, seen when missing, and gone with its stack", async () => {
    const made = { inputs: inputs(), outputs: (await make()).outputs };
    expect(made.outputs).toEqual({ state: "kept", keptName: inputs().probeName });
    expect((await make()).outputs).toEqual(made.outputs);
    expect((await look(made))!.outputs).toEqual(made.outputs);
    expect(diff(made)).toEqual({ replaces: [], changes: [] });
    const [record, ...others] = await cloud.dns.records(zoneId, inputs().probeName);
    expect([record!.type, others]).toEqual(["CNAME", []]);
    await cloud.dns.deleteRecord(zoneId, record!.id);
    const lost = (await look(made))!;
    expect(lost.outputs).toEqual({ state: "missing", keptName: "" });
    expect(diff(lost).changes).toEqual(["probeName"]);
    expect(await probeName.update!(context(), "probe", lost, lost.inputs, signal, operation)).toEqual(made.outputs);
    await probeName.delete(context(), "probe", made, signal, operation);
    expect(await cloud.dns.records(zoneId, inputs().probeName)).toEqual([]);
    expect(await cloud.appHost.publicName(dr.projectId, inputs().probeName)).toBeUndefined();
  });

  it("is not kept without a zone, which is no change by itself, and made once a refresh has seen the zone", async () => {
    const later = { ...inputs(), zoneName: `later${number}.example`, probeName: `probe.later${number}.example` };
    const made = { inputs: later, outputs: (await make(later)).outputs };
    expect(made.outputs).toEqual({ state: "no zone", keptName: "" });
    expect(diff((await look(made))!).changes).toEqual([]);
    await cloud.call("cloudflare", "POST", "/client/v4/zones", { name: later.zoneName, account: { id: "acc" } });
    expect(diff((await look(made))!).changes).toEqual(["probeName"]);
  });

  it("is never one of another owner", async () => {
    await cloud.dns.createRecord(zoneId, { type: "A", name: inputs().probeName, content: "192.0.2.7" });
    await expect(make()).rejects.toThrow(/already leads to 192\.0\.2\.7, so it cannot be .* Set probeName of the app/);
    const other = `other${number}.${zoneName}`;
    await cloud.appHost.takePublicName(prod.projectId, other);
    await expect(make({ probeName: other })).rejects.toThrow(/is a domain of another Vercel project \(prod-app\)/);
    expect(await cloud.appHost.publicName(prod.projectId, other)).toBeDefined();
  });

  it("has to answer from the deployment before a name moves from a site that answers", async () => {
    const wanted = { names: [{ publicName }], ...forDr() };
    const check = () => checkTraffic(ports, { ...wanted, probeName: inputs().probeName }, signal, silent);
    change({ timing: impatient(1, 20) });
    // Nothing answers under the name, so there is nothing to lose.
    expect(await check()).toEqual([
      expect.stringMatching(
        /This is the probe name probe\d+.*moved all the same, since no site answered under them\.$/,
      ),
    ]);
    await go(forProd());
    await expect(check()).rejects.toThrow(/This is the probe name probe\d+.*No public name was moved/);
    await make();
    expect(await check()).toEqual([]);
  });
});

describe("an interruption", () => {
  const failing = <T extends object>(port: T, method: keyof T): T => ({
    ...port,
    [method]: () => Promise.reject(new Error("cut off")),
  });

  it.each<[string, () => Partial<TrafficPorts>]>([
    ["before the lease", () => ({ dns: failing(cloud.dns, "updateRecord") })],
    ["before the domain", () => ({ appHost: failing<AppHost>(cloud.appHost, "takePublicName") })],
    [
      "before the name answers",
      () => ({
        timing: impatient(1, 0),
        edge: (url, at, headers) =>
          url.includes(publicName) ? Promise.reject(new Error("cut off")) : cloud.edge(url, at, headers),
      }),
    ],
  ])("%s is continued by the same call", async (_where, cut) => {
    const before = await go(forProd());
    const whole = ports;
    change(cut());
    await expect(go(forDr())).rejects.toThrow(/cut off/);
    ports = whole;
    expect(await go(forDr())).toMatchObject({ holder: "stack=dr;generation=2", recordId: before.recordId });
    expect(await serving()).toBe(dr.commit);
    expect(await records()).toHaveLength(2);
  });
});

describe("looking at a public name", () => {
  it("shows who holds it, and changes nothing", async () => {
    expect(await readTraffic(ports, forProd(), signal)).toBeUndefined();
    const { recordId } = await go(forProd());
    const seen = { holder: "stack=prod;generation=1", held: true, recordId, hasDomain: true };
    expect(await readTraffic(ports, forProd(), signal)).toEqual(seen);
    await go(forDr());
    const lost = { holder: "stack=dr;generation=2", held: false, recordId, hasDomain: false };
    expect(await readTraffic(ports, forProd(), signal)).toEqual(lost);
    expect(await serving()).toBe(dr.commit);
  });
});

describe("releasing the name", () => {
  it("takes domain and lease, and leaves the name's last record for the next holder", async () => {
    const { recordId } = await go(forProd());
    const said = await releaseTraffic(ports, forProd(), signal);
    expect(said.join("\n")).toMatch(/domain .* removed[\s\S]*record .* stays[\s\S]*lease .* released/);
    expect((await records()).map(({ id, type }) => [id, type])).toEqual([[recordId, "CNAME"]]);
    expect(await cloud.appHost.publicName(prod.projectId, publicName)).toBeUndefined();
    expect((await go(forDr(1))).recordId).toBe(recordId);
  });

  it("leaves everything as it is when another stack, or a later run of the same, holds the name", async () => {
    await go(forProd());
    await go(forDr());
    const stays = (generation: number) => `${publicName} stays as it is: stack=dr;generation=${generation} holds it`;
    expect(await releaseTraffic(ports, forProd(), signal)).toEqual([stays(2)]);
    await go(forDr(3));
    expect(await releaseTraffic(ports, forDr(2), signal)).toEqual([stays(3)]);
    expect(await serving()).toBe(dr.commit);
  });
});
