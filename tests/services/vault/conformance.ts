import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PromiseError, UserError } from "../../../services/common/errors.ts";
import type { Vault } from "../../../services/vault/vault.ts";

/** Vaults of one store, with what others than the product's own vault do to them. */
export interface StartedVaults {
  newVault(): Promise<Vault>;
  /** A vault that does not exist, and one at an address that nothing answers at, with what they say. */
  faulty(): [vault: Vault, sentence: string][];
  /** Uploads that were begun and never finished. */
  unfinished(vault: Vault): Promise<number>;
  /** Puts a delete marker over an object, as a lifecycle does. */
  hide(vault: Vault, key: string): Promise<void>;
  /** Writes over an object: what was there stays as an older version. */
  putOver(vault: Vault, key: string, bytes: Uint8Array): Promise<unknown>;
  removeVersion(vault: Vault, key: string, versionId: string | undefined): Promise<unknown>;
  stop(): Promise<void>;
}

/** What every adapter of the role keeps to. A second one runs it by one line with its own `start`. */
export function conformsToVault(name: string, start: () => Promise<StartedVaults>): void {
  describe(`${name} as a vault`, () => {
    let started: StartedVaults;
    let vault: Vault;
    beforeAll(async () => {
      started = await start();
      vault = await started.newVault();
    });
    afterAll(() => started.stop());

    describe("put", () => {
      it("stores bytes and returns size, SHA-256 and version", async () => {
        const stored = await vault.put("a/small", Buffer.from("hello"));
        const sha256 = createHash("sha256").update("hello").digest("hex");
        expect(stored).toEqual({ sizeBytes: 5, sha256, versionId: expect.any(String) });
        expect(Buffer.from((await vault.getBytes("a/small"))!).toString()).toBe("hello");
      });

      it("gives nothing of an object that is larger than it may be", async () => {
        await vault.put("a/bounded", Buffer.from("hello"));
        expect(Buffer.from((await vault.getBytes("a/bounded", undefined, 5))!).toString()).toBe("hello");
        const tooLarge = vault.getBytes("a/bounded", undefined, 4);
        await expect(tooLarge).rejects.toThrow("a/bounded is damaged: it has 5 bytes instead of at most 4");
        await expect(tooLarge).rejects.toBeInstanceOf(PromiseError);
      });

      it("stores a stream of several parts with the hash of the whole", async () => {
        const content = randomBytes(20 * 1024 * 1024 + 7);
        const stored = await vault.put("a/large", Readable.from(pieces(content, 100_000)));
        expect(stored.sha256).toBe(createHash("sha256").update(content).digest("hex"));
        expect((await buffer((await vault.get("a/large"))!)).equals(content)).toBe(true);
      });

      it("leaves nothing of a stream that fails", async () => {
        async function* failing() {
          yield randomBytes(12 * 1024 * 1024);
          await Promise.resolve();
          throw new Error("the dump failed");
        }
        await expect(vault.put("b/broken", Readable.from(failing()))).rejects.toThrow("the dump failed");
        expect(await vault.list("b/")).toEqual([]);
        expect(await started.unfinished(vault)).toBe(0);
      });

      it("ends an upload that is aborted", async () => {
        const controller = new AbortController();
        async function* endless() {
          for (;;) {
            yield randomBytes(1024 * 1024);
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
        const upload = vault.put("b/aborted", Readable.from(endless()), { signal: controller.signal });
        setTimeout(() => controller.abort(new Error("stopped by hand")), 200);
        await expect(upload).rejects.toThrow("stopped by hand");
        expect(await vault.list("b/")).toEqual([]);
      });

      it.each([
        ["bytes", (text: string) => Buffer.from(text)],
        ["a stream", (text: string) => Readable.from([Buffer.from(text)])],
        ["a stream of parts", (text: string) => Readable.from(pieces(Buffer.alloc(11 << 20, text), 100_000))],
      ])(
        "writes a key once: the same %s again is success, others are refused and change nothing",
        async (name, body) => {
          const key = `once/${name}`;
          const first = await vault.put(key, body("a"));
          // What a client sees whose first answer was lost on the way.
          expect(await vault.put(key, body("a"))).toEqual(first);
          const refused = vault.put(key, body("b"));
          const conflict = `${key} already has other content, and no object of a vault is written over`;
          await expect(refused).rejects.toThrow(conflict);
          await expect(refused).rejects.toBeInstanceOf(PromiseError);
          await expect(vault.put(key, body("more"))).rejects.toBeInstanceOf(PromiseError);
          expect(await vault.versions(key)).toMatchObject([{ versionId: first.versionId }]);
          expect(await started.unfinished(vault)).toBe(0);
        },
      );

      it("may write a key again below a delete marker", async () => {
        await vault.put("once/hidden", Buffer.from("x"));
        await started.hide(vault, "once/hidden");
        await vault.put("once/hidden", Buffer.from("y"));
        expect(await vault.versions("once/hidden")).toHaveLength(2);
      });

      it("locks an object", async () => {
        const lockUntil = new Date(Date.now() + 86_400_000);
        const { versionId } = await vault.put("c/locked", Buffer.from("x"), { lockUntil });
        await expect(started.removeVersion(vault, "c/locked", versionId)).rejects.toThrow(/denied|protected|lock/i);
      });
    });

    describe("get and list", () => {
      it("give nothing for what isn't there", async () => {
        expect(await vault.get("nothing")).toBeUndefined();
        expect(await vault.getBytes("nothing")).toBeUndefined();
        expect(await vault.list("nothing")).toEqual([]);
      });

      it("see an object behind the delete marker that a lifecycle puts over it", async () => {
        await vault.put("d/expired", Buffer.from("still here"));
        await started.hide(vault, "d/expired");
        expect((await vault.list("d/")).map(({ key }) => key)).toEqual(["d/expired"]);
        expect(Buffer.from((await vault.getBytes("d/expired"))!).toString()).toBe("still here");
        expect((await vault.list("d/"))[0]!.deletedAt).toBeInstanceOf(Date);
      });

      it("see every version, newest first, and name keys that have several", async () => {
        const { versionId } = await vault.put("f/over", Buffer.from("first"));
        await started.putOver(vault, "f/over", Buffer.from("second"));
        await vault.put("f/over-and-longer", Buffer.from("x"));
        expect((await vault.versions("f/over")).map(({ sizeBytes }) => sizeBytes)).toEqual([6, 5]);
        const read = async (...more: [string?]) =>
          Buffer.from((await vault.getBytes("f/over", undefined, 9, ...more))!);
        expect((await read()).toString()).toBe("second");
        expect((await read(versionId)).toString()).toBe("first");
        await vault.list("f/");
        expect(["f/over", "f/over-and-longer"].map((key) => vault.passedOver.isSuspect(key))).toEqual([true, false]);
      });
    });

    describe("legal hold", () => {
      it("is set and released", async () => {
        await vault.put("e/held", Buffer.from("x"));
        expect(await vault.hasLegalHold("e/held")).toBe(false);
        await vault.setLegalHold("e/held", true);
        expect(await vault.hasLegalHold("e/held")).toBe(true);
        await vault.setLegalHold("e/held", false);
        expect(await vault.hasLegalHold("e/held")).toBe(false);
      });
    });

    it("says that a vault does not exist or cannot be reached, within 10 seconds", async () => {
      for (const [faulty, sentence] of started.faulty()) {
        const startedAt = Date.now();
        await expect(faulty.list("")).rejects.toThrow(sentence);
        await expect(faulty.list("")).rejects.toThrow(UserError);
        await expect(faulty.put("x", Buffer.from("x"))).rejects.toThrow(UserError);
        expect(Date.now() - startedAt).toBeLessThan(10_000);
      }
    });
  });
}

function* pieces(content: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}
