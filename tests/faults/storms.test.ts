import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { backup } from "../../recovery/backup/backup.ts";
import { restore } from "../../recovery/restore/recipes/restore.ts";
import { listBackups } from "../../recovery/vault/listBackups.ts";
import { verify } from "../../recovery/verify/verify.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { silent } from "../../services/common/reporter.ts";
import { s3Vault } from "../../services/vault/s3Vault.ts";
import type { Vault } from "../../services/vault/vault.ts";
import { startTestCloud, type TestCloud } from "../recovery/support/cloud.ts";
import { dumpOf, runSql } from "../recovery/support/sample.ts";
import { type FreshDatabase, startTargetServer, type TargetServer } from "../support/targetServer.ts";
import { brisk } from "../support/timing.ts";
import { SAMPLE } from "./support/databases.ts";
import { localSigner, newPrivateKey, publicKeyOf, type RunnerOrder, TIERS } from "./support/order.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { runToEnd } from "./support/runnerProcess.ts";
import { type S3Fault, type S3Proxy, startS3Proxy } from "./support/s3Proxy.ts";

const seed = seedOfRun();
const random = randomFrom(seed);
const privateKey = newPrivateKey();
const trustedKeys = [publicKeyOf(privateKey)];

let cloud: TestCloud;
let proxy: S3Proxy;
let server: TargetServer;
let source: FreshDatabase;
let content: string;
beforeAll(async () => {
  [cloud, server] = await Promise.all([startTestCloud(), startTargetServer()]);
  [proxy, source] = await Promise.all([startS3Proxy(cloud.endpoint), server.newDatabase()]);
  await runSql(source.url, SAMPLE);
  content = dumpOf(source.superuserUrl);
}, 60_000);
afterAll(async () => {
  await proxy.stop();
  await Promise.all([cloud.stop(), server.stop()]);
});
beforeEach(() => {
  proxy.fateOf = () => "pass";
  proxy.refused = 0;
});

const bucketOf = async () => (await cloud.newVault()).name;
/** The vault behind the proxy. */
const behind = (bucket: string) => s3Vault({ bucket, region: cloud.region, endpoint: proxy.endpoint, timing: brisk });
const list = (bucket: string) =>
  listBackups({
    vault: s3Vault({ bucket, region: cloud.region, endpoint: cloud.endpoint }),
    trustedKeys,
    tiers: TIERS,
  });
const backUp = (vault: Vault) =>
  backup({
    databaseUrl: source.url,
    vault,
    signer: localSigner(privateKey),
    tiers: TIERS,
    clock: systemClock,
    reporter: silent,
  });
const restoreInto = (target: FreshDatabase, vault: Vault) =>
  restore({
    vault,
    trustedKeys,
    tiers: TIERS,
    targetUrl: target.url,
    generation: 1,
    clock: systemClock,
    reporter: silent,
  });

const SLOW_DOWN: S3Fault = { status: 503, code: "SlowDown", message: "Please reduce your request rate." };

describe(`S3 that cannot keep up (seed ${seed})`, () => {
  it("is waited for: every third request refused, and all of them for three seconds", async () => {
    const bucket = await bucketOf();
    let stormUntil = 0;
    proxy.fateOf = ({ method, path }) => {
      // The first chunk brings the storm with it.
      if (stormUntil === 0 && method === "PUT" && path.includes("/data/")) stormUntil = performance.now() + 3_000;
      return performance.now() < stormUntil || random() < 0.3 ? SLOW_DOWN : "pass";
    };
    const { backupId } = await backUp(behind(bucket));
    expect(proxy.refused).toBeGreaterThan(5);
    expect(await list(bucket)).toMatchObject([{ backupId, proven: true }]);
    const target = await server.newDatabase();
    stormUntil = 0;
    proxy.fateOf = ({ path }) => {
      if (stormUntil === 0 && path.includes("/data/")) stormUntil = performance.now() + 3_000;
      return performance.now() < stormUntil || random() < 0.3
        ? { ...SLOW_DOWN, status: 500, code: "InternalError" }
        : "pass";
    };
    expect((await restoreInto(target, behind(bucket))).backupId).toBe(backupId);
    expect(dumpOf(target.superuserUrl)).toBe(content);
  }, 120_000);

  it("ends a run with one sentence where it lasts, and leaves no backup", async () => {
    const { name: bucket } = await cloud.newVault();
    proxy.fateOf = ({ method }) => (method === "PUT" ? SLOW_DOWN : "pass");
    const store = {
      bucket,
      region: cloud.region,
      endpoint: proxy.endpoint,
      timing: { ...brisk, awsPatienceMs: 500 },
    };
    const order: RunnerOrder = { kind: "backup", databaseUrl: source.url, store, privateKey };
    const end = await runToEnd(order);
    expect(end).toMatchObject({ code: 2, stderr: "", backupId: undefined });
    expect(end.failure).toEqual({
      name: "UserError",
      message: expect.stringMatching(
        /^S3 in \S+ cannot answer at present \(503 SlowDown\), also after several attempts: /,
      ),
    });
    expect((await list(bucket)).filter((one) => one.proven || one.manifest !== undefined)).toEqual([]);
    // Once it can, the same call does.
    proxy.fateOf = () => "pass";
    expect(await runToEnd(order)).toMatchObject({ code: 0, stderr: "" });
  }, 60_000);

  it("may break off any answer: what is missing is read on", async () => {
    const bucket = await bucketOf();
    const { backupId } = await backUp(behind(bucket));
    let asked = 0;
    proxy.fateOf = ({ method, path }) =>
      method === "GET" && path.includes(backupId) && ++asked % 2 === 1
        ? { breakAfterBytes: Math.floor(random() * 3_000) }
        : "pass";
    const vault = behind(bucket);
    expect(await verify({ vault, trustedKeys, tiers: TIERS, backupId, reporter: silent })).toMatchObject({ backupId });
    const target = await server.newDatabase();
    expect((await restoreInto(target, vault)).backupId).toBe(backupId);
    expect(dumpOf(target.superuserUrl)).toBe(content);
    expect(proxy.refused).toBeGreaterThan(8);
  }, 60_000);
});

describe("what S3 refuses for good is told at once, in one sentence that says what to do", () => {
  const twoHoursAgo = () => ({ date: new Date(Date.now() - 125 * 60_000).toUTCString() });
  it.each<[string, () => S3Fault, RegExp]>([
    [
      "credentials that have expired",
      () => ({ status: 400, code: "ExpiredToken" }),
      /^The AWS credentials for S3 in \S+ have expired: get new ones/,
    ],
    [
      "a key that was withdrawn",
      () => ({ status: 403, code: "InvalidAccessKeyId" }),
      /^S3 in \S+ does not know the AWS access key: correct AWS_ACCESS_KEY_ID/,
    ],
    [
      "a right that was withdrawn",
      () => ({ status: 403, code: "AccessDenied", message: "not allowed" }),
      /^Access to the vault bucket "vault-[\w-]+" is denied: not allowed/,
    ],
    [
      "a clock that is off",
      () => ({ status: 403, code: "RequestTimeTooSkewed", headers: twoHoursAgo() }),
      /the clock of this machine is 2 h 5 min ahead\. Set it \(by NTP\)/,
    ],
    [
      "a vault without room",
      () => ({ status: 507, code: "InsufficientStorage" }),
      /^The vault bucket "vault-[\w-]+" has no room left: make some or raise its quota/,
    ],
    ["a quota", () => ({ status: 403, code: "QuotaExceeded" }), /has no room left/],
  ])(
    "%s, from the middle of a backup on",
    async (_case, fault, message) => {
      const bucket = await bucketOf();
      let begun = false;
      proxy.fateOf = ({ method, path }) => {
        begun ||= method === "PUT" && path.includes("/data/");
        return begun ? fault() : "pass";
      };
      const startedAt = performance.now();
      const failure: unknown = await backUp(behind(bucket)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(UserError);
      expect((failure as Error).message).toMatch(message);
      expect(performance.now() - startedAt).toBeLessThan(15_000);
      expect((await list(bucket)).filter((one) => one.manifest !== undefined)).toEqual([]);
      // Neither is a restore that meets it taken for done.
      proxy.fateOf = () => "pass";
      await backUp(behind(bucket));
      const target = await server.newDatabase();
      proxy.fateOf = ({ path }) => (path.includes("/data/") ? fault() : "pass");
      await expect(restoreInto(target, behind(bucket))).rejects.toThrow(message);
      proxy.fateOf = () => "pass";
      await restoreInto(target, behind(bucket));
      expect(dumpOf(target.superuserUrl)).toBe(content);
      await target.remove();
    },
    60_000,
  );
});
