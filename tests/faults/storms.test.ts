import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import type { Vault } from "../../services/vault/vault.ts";
import { dumpOf } from "../recovery/support/sample.ts";
import { brisk } from "../support/timing.ts";
import type { Store } from "./support/order.ts";
import { randomFrom, seedOfRun } from "./support/random.ts";
import { failedWith, runToEnd, succeeded } from "./support/runnerProcess.ts";
import { type S3Fault, type S3Proxy, startS3Proxy } from "./support/s3Proxy.ts";
import { refusesUser, suiteSetting, vaultIn } from "./support/setting.ts";

const seed = seedOfRun();
const random = randomFrom(seed);

const setting = suiteSetting();
let proxy: S3Proxy;
/** A new bucket for each test: as it is, and behind the proxy. */
let store: Store;
let vault: Vault;
let behind: Vault;
beforeAll(async () => {
  proxy = await startS3Proxy(setting.cloud.endpoint);
}, 60_000);
afterAll(() => proxy.stop());
beforeEach(async () => {
  proxy.fateOf = () => "pass";
  proxy.refused = 0;
  store = await setting.newStore();
  vault = vaultIn(store);
  behind = vaultIn({ ...store, endpoint: proxy.endpoint, timing: brisk });
});

/** A fate for requests: every third one refused, and all of them for three seconds from the first such one on. */
function storm(isFirst: (asked: { method: string; path: string }) => boolean, fault: S3Fault): S3Proxy["fateOf"] {
  let untilMs = 0;
  return (asked) => {
    if (untilMs === 0 && isFirst(asked)) untilMs = performance.now() + 3_000;
    return performance.now() < untilMs || random() < 0.3 ? fault : "pass";
  };
}

const SLOW_DOWN: S3Fault = { status: 503, code: "SlowDown", message: "Please reduce your request rate." };

describe(`S3 that cannot keep up (seed ${seed})`, () => {
  it("is waited for: every third request refused, and all of them for three seconds", async () => {
    proxy.fateOf = storm(({ method, path }) => method === "PUT" && path.includes("/data/"), SLOW_DOWN);
    const { backupId } = await setting.backUp(behind);
    expect(proxy.refused).toBeGreaterThan(5);
    expect(await setting.list(vault)).toMatchObject([{ backupId, proven: true }]);
    const target = await setting.server.newDatabase();
    proxy.fateOf = storm(({ path }) => path.includes("/data/"), { ...SLOW_DOWN, status: 500, code: "InternalError" });
    expect((await setting.restoreInto(target, behind)).backupId).toBe(backupId);
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
  }, 120_000);

  it("ends a run with one message if it lasts, and leaves no backup", async () => {
    proxy.fateOf = ({ method }) => (method === "PUT" ? SLOW_DOWN : "pass");
    const impatient = { ...store, endpoint: proxy.endpoint, timing: { ...brisk, awsPatienceMs: 500 } };
    const order = setting.order("backup", setting.source.url, impatient);
    const end = await runToEnd(order);
    expect(end).toMatchObject(
      failedWith(/^S3 in \S+ cannot answer at present \(503 SlowDown\), also after several attempts: /),
    );
    expect(end.backupId).toBeUndefined();
    expect((await setting.list(vault)).filter((one) => one.proven || one.manifest !== undefined)).toEqual([]);
    // As soon as S3 answers, the same call succeeds.
    proxy.fateOf = () => "pass";
    expect(await runToEnd(order)).toMatchObject(succeeded);
  }, 60_000);

  it("may break off any answer: the rest is read in a further request", async () => {
    const { backupId } = await setting.backUp(behind);
    let asked = 0;
    proxy.fateOf = ({ method, path }) =>
      method === "GET" && path.includes(backupId) && ++asked % 2 === 1
        ? { breakAfterBytes: Math.floor(random() * 3_000) }
        : "pass";
    expect(await setting.check(behind, backupId)).toMatchObject({ backupId });
    const target = await setting.server.newDatabase();
    expect((await setting.restoreInto(target, behind)).backupId).toBe(backupId);
    expect(dumpOf(target.superuserUrl)).toBe(setting.content);
    expect(proxy.refused).toBeGreaterThan(8);
  }, 60_000);
});

describe("what S3 refuses for good is reported at once, in one message that says what to do", () => {
  const twoHoursAgo = () => ({ date: new Date(Date.now() - 125 * 60_000).toUTCString() });
  const refusals: Record<string, [fault: () => S3Fault, message: RegExp]> = {
    "credentials that have expired": [
      () => ({ status: 400, code: "ExpiredToken" }),
      /^The AWS credentials for S3 in \S+ have expired: get new ones/,
    ],
    "a key that was withdrawn": [
      () => ({ status: 403, code: "InvalidAccessKeyId" }),
      /^S3 in \S+ does not know the AWS access key: correct AWS_ACCESS_KEY_ID/,
    ],
    "a right that was withdrawn": [
      () => ({ status: 403, code: "AccessDenied", message: "not allowed" }),
      /^Access to the vault bucket "vault-[\w-]+" is denied: not allowed/,
    ],
    "a clock that is off": [
      () => ({ status: 403, code: "RequestTimeTooSkewed", headers: twoHoursAgo() }),
      /the clock of this machine is 2 h 5 min ahead\. Set it by NTP \(sudo timedatectl set-ntp true\)/,
    ],
    "a vault without room": [
      () => ({ status: 507, code: "InsufficientStorage" }),
      /^The vault bucket "vault-[\w-]+" has no room left: make some or raise its quota/,
    ],
    "a quota": [() => ({ status: 403, code: "QuotaExceeded" }), /has no room left/],
  };
  it.each(Object.entries(refusals))(
    "%s, from the middle of a backup on",
    async (_case, [fault, message]) => {
      let begun = false;
      proxy.fateOf = ({ method, path }) => {
        begun ||= method === "PUT" && path.includes("/data/");
        return begun ? fault() : "pass";
      };
      const startedAt = performance.now();
      await refusesUser(setting.backUp(behind), message);
      expect(performance.now() - startedAt).toBeLessThan(15_000);
      expect((await setting.list(vault)).filter((one) => one.manifest !== undefined)).toEqual([]);
      // A restore that meets the fault does not count as complete either.
      proxy.fateOf = () => "pass";
      await setting.backUp(behind);
      const target = await setting.server.newDatabase();
      proxy.fateOf = ({ path }) => (path.includes("/data/") ? fault() : "pass");
      await expect(setting.restoreInto(target, behind)).rejects.toThrow(message);
      proxy.fateOf = () => "pass";
      await setting.restoreInto(target, behind);
      expect(dumpOf(target.superuserUrl)).toBe(setting.content);
      await target.remove();
    },
    60_000,
  );
});
