import { beforeEach, describe, expect, it } from "@jest/globals";

import { retireVault } from "../../../recovery/vault/retire.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { Census } from "../../../services/vault/vaultBucket.ts";
import { expectRefusal } from "../../support/refusal.ts";

/** A vault in AWS (simulated: what it holds, and whether bucket and key are there), and what was done, in order. */
let held: Census | undefined;
let keyIsAlive: boolean;
let isForgotten: boolean;
let done: string[];
const EMPTY: Census = { versions: 0, sizeBytes: 0, markers: 0, lockedUntil: undefined, held: 0 };
beforeEach(() => {
  [held, keyIsAlive, isForgotten, done] = [EMPTY, true, false, []];
});

const doing = (what: string, fault: Error | undefined) =>
  fault === undefined ? Promise.resolve(void done.push(what)) : Promise.reject(fault);

const retire = (faults: { bucket?: Error; key?: Error; disagrees?: Error } = {}) =>
  retireVault({
    stack: "dr",
    bucket: {
      name: "vault",
      census: () => Promise.resolve(held),
      async remove() {
        await doing("bucket", faults.bucket);
        held = undefined;
      },
    },
    key: {
      arn: "arn:key",
      isAlive: () => Promise.resolve(keyIsAlive),
      async end() {
        await doing("key", faults.key);
        keyIsAlive = false;
      },
    },
    auditBucket: "audit",
    forget() {
      if (!isForgotten) done.push("state");
      const changed = !isForgotten;
      isForgotten = true;
      return Promise.resolve(changed);
    },
    confirm({ names, lines }) {
      expect([names, lines.join()]).toEqual([["vault"], expect.stringContaining("arn:key")]);
      return doing("agreed", faults.disagrees);
    },
    reporter: silent,
  });

describe("retiring a vault", () => {
  it("deletes bucket, key and state, in this order, after confirmation", async () => {
    expect(await retire()).toEqual({ auditBucket: "audit" });
    expect(done).toEqual(["agreed", "bucket", "key", "state"]);
  });

  it.each<[string, Partial<Census>, RegExp]>([
    ["versions", { versions: 3, sizeBytes: 2e6 }, /still holds 3 versions of objects \(2\.0 MB\) and 0 delete markers/],
    ["delete markers", { markers: 1 }, /still holds 1 delete markers/],
    [
      "locked and held ones",
      { versions: 1, lockedUntil: new Date("2031-01-02T00:00:00Z"), held: 2 },
      /last lock of a backup ends at 2031-01-02T00:00:00\.000Z\. 2 backups are held/,
    ],
  ])("is refused while %s are left, before it asks for confirmation", async (_case, left, sentence) => {
    held = { ...EMPTY, ...left };
    await expectRefusal(retire(), PromiseError, sentence);
    expect(done).toEqual([]);
  });

  it("changes nothing without confirmation, and stops when the bucket is not empty", async () => {
    await expect(retire({ disagrees: new UserError("no") })).rejects.toThrow("no");
    await expect(retire({ bucket: new PromiseError("not empty") })).rejects.toThrow("not empty");
    expect(done).toEqual(["agreed"]);
  });

  it("is finished by the same call after break-glass was refused or has deleted the key by hand", async () => {
    await expect(retire({ key: new UserError("only break-glass") })).rejects.toThrow("only break-glass");
    expect(done).toEqual(["agreed", "bucket"]);
    keyIsAlive = false;
    await retire({ key: new Error("never called") });
    // Nothing of AWS was left to agree to.
    expect(done).toEqual(["agreed", "bucket", "state"]);
    await retire();
    expect(done).toEqual(["agreed", "bucket", "state"]);
  });
});
